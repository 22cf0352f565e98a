"""Writing: the command dock, the append dialog, their forms, previews and outcomes."""
