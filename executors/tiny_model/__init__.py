"""The embedded language model: the text it learns from, its tokenizer, its training.

It exists so that the whole way, from a profile to a measured run, works without a network. Train it anew with
``python -m ftadvisor.executors.tiny_model.train --out FOLDER``.
"""
