"""Soak: a long load on services that are killed, and a judge of its own. `python -m tests.soak --help`."""
