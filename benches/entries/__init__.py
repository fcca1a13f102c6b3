"""Benchmark entries, one file a subject; `benches/harness.py` says how to write one."""
