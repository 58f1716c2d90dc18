"""Decide and talk: questions, facts, rules, recommendation, plan, report, command line."""

if __name__ != "ftadvisor.advisor":
    raise ImportError("import ftadvisor.advisor instead (install with `pip install -e .` first)")
