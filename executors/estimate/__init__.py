"""Arithmetic on cards: memory, time and money, without importing torch."""
