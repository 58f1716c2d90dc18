"""Published measurements, one file per source: ``SOURCE``, part of the source's address, and ``settings`` of a row."""
