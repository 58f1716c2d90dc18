"""Other tools that can train what a plan trains, one file each; see ``executors/export_run.py``."""

from pkgutil import iter_modules

TOOLS = tuple(sorted(found.name for found in iter_modules(__path__) if not found.name.startswith("_")))
"""All tools, from the files here."""
