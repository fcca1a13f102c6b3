"""How every file in `python/aimds/patterns/models/` is made. One command each; nothing here is packaged or imported at run time."""
