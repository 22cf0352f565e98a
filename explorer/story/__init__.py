"""Stories: guided scripts for presenting, read from TOML. What plays them is in `ui/story`.

script (what a story is made of), reading (TOML → a story, or every mistake with its line), toml_lines (where in the
file a value stands), crash (the two processes of the problem chapter, which really die).
"""
