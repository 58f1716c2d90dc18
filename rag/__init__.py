"""Retrieve and cite: documents, chunks, embedders, retrievers, index, answers."""

if __name__ != "ftadvisor.rag":
    raise ImportError("import ftadvisor.rag instead (install with `pip install -e .` first)")
