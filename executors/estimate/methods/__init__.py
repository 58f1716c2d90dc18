"""What each fine-tuning method adds to a model, for counting: one file per method id, holding ``METHOD``."""
