"""One file per task that a model is trained for; the file's presence is its registration."""
