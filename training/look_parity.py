"""Fails unless the run time's second look scores as torch did: the same windows, and int8 near the floats.

python -m training.look_parity [--rows 400]
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from aimds._core import Classifier, EmbeddingModel, TokenTable, normalise
from aimds.patterns.transformer import Transformer
from training.corpus import Row, read_rows
from training.look_train import TEACHER_WINDOWS, scores
from training.second_look import load_trained
from training.shipped import MODELS, SEED
from training.teachers import load_e5
from training.words import Words, build, windows_of

CORRELATION_MIN, FLIPS_MAX = 0.995, 0.02
"""Of logits of torch and of the int8 file, and the share of rows that may change sides at logit 0."""


def _served(rows: Sequence[Row], words: Words, dimension: int) -> NDArray[np.float64]:
    """Logits [models, rows] of the shipped files, joined as the run time joins windows."""
    student, teacher = (
        Transformer(path.read_bytes(), path, dimension) for path in (MODELS / "student.onnx", MODELS / "teacher.onnx")
    )
    vectors = words.vectors()
    out = []
    for ids in words.encode([row.text for row in rows]):
        masks = [np.ones((1, len(window)), np.int64) for window in windows_of(ids)]
        read = [
            student.read(vectors[window][None], mask, keep_states=True)
            for window, mask in zip(windows_of(ids), masks, strict=True)
        ]
        worst = sorted(range(len(read)), key=lambda place: -read[place].attack)[:TEACHER_WINDOWS]
        late = [
            teacher.read(states, masks[place]).attack for place in worst if (states := read[place].states) is not None
        ]
        out.append((read[worst[0]].attack, max(late)))
    return np.array(out).T


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
    exact = scores(load_trained(teacher), words, [row.text for row in rows])[:, :, 0]
    for name, wanted, served in zip(("student", "teacher"), exact, _served(rows, words, table.dimension), strict=True):
        close = float(np.corrcoef(wanted, served)[0, 1])
        flips = float(((wanted > 0) != (served > 0)).mean())
        print(f"{name}: correlation {close:.4f}, rows that change sides {flips:.3f}")
        if close < CORRELATION_MIN or flips > FLIPS_MAX:
            raise SystemExit(f"{name}.onnx is not what was trained")
    if wrong > 0:
        raise SystemExit("the run time cuts other windows")


if __name__ == "__main__":
    main()
