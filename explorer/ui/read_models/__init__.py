"""The panel of the read models, and what it is made of."""
