"""Tuners that the PEFT library lacks, written as its own are, so that it saves, loads and stacks them."""
