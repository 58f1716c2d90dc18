"""The report of a run: what was measured, against the baselines and the estimate, with pictures."""
