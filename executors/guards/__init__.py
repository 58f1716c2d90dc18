"""What can go wrong while a model learns, one file each; see ``executors/guard.py``."""
