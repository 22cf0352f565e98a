"""One stream as a recording: the stream tab and its panes."""
