"""Stress: many writers and a subscription, for real, on both databases. `python -m tests.stress --help`."""
