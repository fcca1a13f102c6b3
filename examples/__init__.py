"""Inputs of our own writing, and small programs that use AIMDS."""
