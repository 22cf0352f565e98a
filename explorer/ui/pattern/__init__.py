"""The pattern, live: a diagram of what is happening now, and the row that a system without events would keep."""
