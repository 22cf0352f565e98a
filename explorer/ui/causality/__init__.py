"""Causes and effects of an event: the page, its diagram, what it says of an event, and how it leaves the program."""
