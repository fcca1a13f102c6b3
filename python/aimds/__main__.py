"""`python -m aimds` is the `aimds` command."""

from aimds.cli import main

if __name__ == "__main__":
    main()
