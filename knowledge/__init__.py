"""Know: records, loader and TOML facts that every other layer reads."""

if __name__ != "ftadvisor.knowledge":
    raise ImportError("import ftadvisor.knowledge instead (install with `pip install -e .` first)")
