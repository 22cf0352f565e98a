"""Events of the whole store: all of them, and those that arrive."""
