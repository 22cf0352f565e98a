"""Notes and bookmarks on events."""
