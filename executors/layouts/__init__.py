"""Layouts of training rows, one file each; see ``executors/layout.py``."""
