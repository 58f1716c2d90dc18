"""Do, and know what doing costs: methods, data, training, evaluation, estimates."""

if __name__ != "ftadvisor.executors":
    raise ImportError("import ftadvisor.executors instead (install with `pip install -e .` first)")
