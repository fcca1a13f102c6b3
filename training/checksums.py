"""Writes `SHA256SUMS` beside the model files; the run time refuses files that differ from it.

`training.head` and `training.seed_patterns` do this themselves. After any other change of a file:

    python -m training.checksums [--folder FOLDER]
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path

from aimds.patterns.manifest import SUMS_FILE
from aimds.patterns.models import models_folder

SUFFIXES = frozenset({".json", ".onnx", ".patterns", ".safetensors"})
"""Of files that the run time reads; the notes beside them are for people."""


def write_sums(folder: Path) -> Path:
    """Lists the model files that are there, as `sha256sum` would; returns the list's path."""
    names = sorted(path.name for path in folder.iterdir() if path.suffix in SUFFIXES and path.is_file())
    lines = [f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in names]
    path = folder / SUMS_FILE
    path.write_text("".join(lines), "utf-8", newline="\n")
    return path


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=models_folder())
    print(write_sums(parser.parse_args().folder).read_text("utf-8"), end="")


if __name__ == "__main__":
    main()
