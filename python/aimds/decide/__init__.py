"""Fuses what the rooms found into one verdict."""
