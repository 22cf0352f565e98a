"""Comparing: two streams side by side, and streams under two versions of the code."""
