"""Shipped domains: what a plug-in may look like."""
