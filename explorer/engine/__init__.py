"""The processes in which domain code runs, and how to talk to them."""
