"""Slow, obvious twins of the compiled kernels, for differential tests; never packaged."""
