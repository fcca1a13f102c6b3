"""Embedding, classifier and pattern store."""
