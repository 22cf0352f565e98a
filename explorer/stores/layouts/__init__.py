"""One file per known kind of store."""
