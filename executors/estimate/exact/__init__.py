"""The exact tier: two real optimizer steps of the real model on tensors without numbers, replayed on a model GPU."""
