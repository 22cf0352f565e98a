"""The streams panel."""
