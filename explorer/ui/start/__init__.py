"""Before a store is open: the first page, the open dialog, the demo."""
