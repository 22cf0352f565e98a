"""Story mode: the caption bar, the player and what its actions do in the window."""
