"""One file per fine-tuning method; the file's presence is its registration."""
