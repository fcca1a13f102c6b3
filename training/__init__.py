"""How every file in `python/aimds/patterns/models/` is made, one command each; not packaged."""
