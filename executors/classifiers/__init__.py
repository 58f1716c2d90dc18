"""Small classifiers, one per file; see ``executors.classifier``."""
