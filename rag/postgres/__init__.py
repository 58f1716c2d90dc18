"""Keep an index in PostgreSQL, with the extension pgvector: the same interface as that of an index in a folder.

One build or update is one transaction, so that a reader sees the old state or the new one, and a killed one leaves
nothing behind. A reader holds one snapshot from opening on. See knowledge/decisions/0015-indexes-in-postgresql.md.
"""
