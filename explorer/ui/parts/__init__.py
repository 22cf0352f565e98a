"""Widgets and item models that many panels are made of. They know no store."""
