"""The window. Only this package imports Qt; one panel is one file."""
