"""Verbs of ``ftadvisor rag``, found by presence: ``<verb>.py`` with ``HELP``, ``add_arguments`` and ``run``."""
