"""One file per command; the file's presence is its registration."""
