"""Fails unless the run time's second look scores as torch did: the same windows, and int8 near the floats.

python -m training.look_parity [--rows 400]
"""

from __future__ import annotations

import argparse
import random

import numpy as np

from aimds._core import Classifier, EmbeddingModel, TokenTable, normalise
from aimds.patterns.transformer import Transformer
from training.corpus import read_rows
from training.look_train import scores
from training.second_look import load_trained
from training.shipped import MODELS, SEED
from training.teachers import load_e5
from training.words import build, windows_of

CORRELATION_MIN = {"student": 0.995, "teacher": 0.99}
"""Of logits of torch and of the int8 file. Rounding adds up with depth: four layers give 0.999, eight 0.994."""

FLIPS_MAX = 0.02
"""Share of rows that may change sides at logit 0: 1.2% and 1.8% do. Nothing is decided there, for looks are joined."""


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=400)
    options = parser.parse_args()
    rows = random.Random(SEED).sample(read_rows("dev"), options.rows)
    teacher = load_e5()
    words = build(teacher, ())
    table = TokenTable.load((MODELS / "look.safetensors").read_bytes())
    embedding = EmbeddingModel.load((MODELS / "embedding.safetensors").read_bytes())
    classifier = Classifier.load(embedding, (MODELS / "head.safetensors").read_bytes())
    wrong, compared = 0, 0
    for row in rows:
        text = normalise(row.text)
        found, _ = table.windows(text, classifier.score(text))
        plain = [window for window in found if not window.is_decoded]
        if len(plain) < len(found):
            continue  # a decoded reading may take the place of windows of the text itself
        compared += 1
        expected = windows_of(words.encode([text.canonical])[0])
        _, _, longest = table.gather(plain) if plain else (b"", b"", 0)
        if len(expected) <= table.windows_max and (len(plain) != len(expected) or longest != max(map(len, expected))):
            wrong += 1
    print(f"windows differ in {wrong} of {compared} texts without decoded readings ({len(rows)} drawn)")
    for name in ("student", "teacher"):
        path = MODELS / f"{name}.onnx"
        if not path.is_file():
            continue
        exact = scores(load_trained(name, teacher), words, [row.text for row in rows])[0, :, 0]
        model = Transformer(path.read_bytes(), path, table.dimension)
        vectors = words.vectors()
        served = []
        for ids in words.encode([row.text for row in rows]):
            logits = [
                model.logits(vectors[window][None], np.ones((1, len(window)), np.int64))[0]
                for window in windows_of(ids)
            ]
            served.append(max(logits))
        close = float(np.corrcoef(exact, served)[0, 1])
        flips = float(((exact > 0) != (np.array(served) > 0)).mean())
        print(f"{name}: correlation {close:.4f}, rows that change sides {flips:.3f}")
        if close < CORRELATION_MIN[name] or flips > FLIPS_MAX:
            raise SystemExit(f"{name}.onnx is not what was trained")
    if wrong > 0:
        raise SystemExit("the run time cuts other windows")


if __name__ == "__main__":
    main()
