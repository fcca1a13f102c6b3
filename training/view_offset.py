"""What the student's handicap for decoded readings costs: `python -m training.view_offset [--offsets 1 2 3]`.

Judges training rows by the whole guard with each offset. No model learns from `derived_encodings`, so its rows are a
fair measure of recall on encoded attacks and of false alarms on encoded honest text. The rows of code and
documentation are trained on, though not their decoded readings: compare their column between offsets only.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from aimds import Action, Defense, Settings
from training.corpus import data_folder
from training.metrics import Share
from training.shipped import MODELS, SEED

ENCODED = "derived_encodings"
CODE = frozenset({
    "repo_code_docs", "humaneval", "purplellama_code_autocomplete", "bfcl", "payloads_all_the_things",
    "system_design_primer", "prompt_engineering_guide",
})  # fmt: skip
CODE_ROWS = 500


def with_offset(folder: Path, offset: float) -> None:
    """Copies the shipped models into a folder, with another offset."""
    for path in MODELS.iterdir():
        if path.suffix in {".safetensors", ".patterns", ".onnx"}:
            shutil.copy(path, folder)
    look = MODELS / "look.safetensors"
    with safe_open(look, "np") as opened:
        metadata = json.loads(opened.metadata()["aimds"])
    metadata["student"]["view_offset"] = offset
    save_file(load_file(look), folder / look.name, {"aimds": json.dumps(metadata)})


def flagged(defense: Defense, rows: Sequence[dict[str, Any]]) -> Share:
    """How many rows are blocked or escalated."""
    hits = sum(defense.evaluate(row["text"]).action in (Action.BLOCK, Action.ESCALATE) for row in rows)
    return Share(hits, len(rows))


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--offsets", type=float, nargs="+", default=[1.0, 2.0, 3.0])
    offsets = parser.parse_args().offsets
    with gzip.open(data_folder() / "train.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    encoded = [row for row in rows if row["source"] == ENCODED]
    attacks = [row for row in encoded if row["label"] == "attack"]
    honest = [row for row in encoded if row["label"] != "attack"]
    code = random.Random(SEED).sample([row for row in rows if row["source"] in CODE], CODE_ROWS)
    for offset in offsets:
        with tempfile.TemporaryDirectory() as folder:
            with_offset(Path(folder), offset)
            defense = Defense(Settings.load(patterns={"models": folder}))
            shares = [flagged(defense, part) for part in (attacks, honest, code)]
        print(
            f"offset {offset:g}: encoded attacks {shares[0]}, encoded honest {shares[1]}, code {shares[2]}", flush=True
        )


if __name__ == "__main__":
    main()
