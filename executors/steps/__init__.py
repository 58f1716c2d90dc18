"""One file per kind of plan step; the file's presence is its registration."""
