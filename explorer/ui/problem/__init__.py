"""The page of the problem chapter: a row and a message beside one append."""
