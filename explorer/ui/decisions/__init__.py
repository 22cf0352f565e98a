"""Which command would have been accepted when."""
