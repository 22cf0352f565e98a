"""The snapshots dock."""
