"""Writes a second look of the shipped shape with random weights: its answers mean nothing, its work and time are real.

    python -m benches.random_look FOLDER [--student-layers 4] [--teacher-layers 6] [--width 384]

FOLDER gets copies of the shipped models and `look.safetensors`, `student.onnx`, `teacher.onnx`
(`docs/model-formats.md`, section 9): encoders as BERT has them (Devlin et al. 2019), int8 weights, activations
quantised at run time. `aimds --set patterns.models=FOLDER` then runs on them. Never ship these.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tests import tiny_models
from training.onnx_graph import EncoderWeights, Floats, LayerWeights, write_int8

from aimds.patterns import models_folder

POSITIONS = 512
PIECES = 40_000
BLOCK_VALUES, BLOCK_BYTES = 32, 18


def encoder(path: Path, layers: int, width: int, seed: int) -> None:
    """Word vectors and mask in, two logits out; normal weights of deviation 0.02, as encoders are initialised."""
    random = np.random.default_rng(seed)

    def linear(wide: int, out: int) -> tuple[Floats, Floats]:
        return random.normal(0, 0.02, (wide, out)).astype(np.float32), np.zeros(out, np.float32)

    norm = np.ones(width, np.float32), np.zeros(width, np.float32)
    made = [
        LayerWeights(
            *(linear(width, width) for _ in range(4)), norm, linear(width, 4 * width), linear(4 * width, width), norm
        )
        for _ in range(layers)
    ]
    positions = random.normal(0, 0.02, (POSITIONS, width)).astype(np.float32)
    write_int8(path, EncoderWeights(positions, norm, made, linear(2 * width, 2)))


def words(path: Path, width: int, windows: int, texts: Sequence[str]) -> None:
    """A table of `PIECES` words: those of the texts, all letters, their pairs, and random strings."""
    rng = np.random.default_rng(1)
    letters = "abcdefghijklmnopqrstuvwxyz0123456789.,!?'\u2581"
    own = {f"\u2581{word.strip('.,')}" for text in texts for word in text.split()}
    short = [*sorted(own), *letters, *(a + b for a in letters for b in letters)]
    long = {"".join(rng.choice(list(letters[:26]), rng.integers(3, 8))) for _ in range(PIECES)}
    pieces = ["", "", "", *short, *sorted(long - set(short))][:PIECES]
    table = rng.integers(0, 256, (len(pieces), width // BLOCK_VALUES, BLOCK_BYTES)).astype(np.uint8)
    table[:, :, :2] = np.array([0.01], "<f2").view(np.uint8)
    raw = [piece.encode() for piece in pieces]
    tensors = {
        "pieces": np.frombuffer(b"".join(raw), np.uint8),
        "offsets": np.cumsum([0, *map(len, raw)]).astype(np.uint32),
        "scores": (-8.0 - np.array([max(0, 4 - len(piece)) for piece in pieces])).astype(np.float32),
        "table": table.reshape(len(pieces), -1),
    }
    two, three = {"static": 0.5, "student": 0.5}, {"static": 0.3, "student": 0.3, "teacher": 0.4}
    metadata = {
        "format": "aimds.look", "version": 1, "dimension": width, "window_tokens": 128, "stride_tokens": 96,
        "max_windows": windows, "unknown": 0, "open": 1, "close": 2,
        "fusion": {"student": {"weights": two, "offset": 0.0}, "teacher": {"weights": three, "offset": 0.0}},
        "student": {"skip_below": -1e9}, "grey": {"thorough": {"low": 0.0, "high": 1.0}},
    }  # fmt: skip
    path.write_bytes(tiny_models.safetensors(tensors, metadata))


def write(
    folder: Path,
    student_layers: int = 4,
    teacher_layers: int = 6,
    width: int = 384,
    windows: int = 12,
    texts: Sequence[str] = (),
) -> None:
    """All files; every event is asked of the student, and with `thorough` of the teacher.

    The words of `texts` become single tokens, as most are for a trained vocabulary.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for file in models_folder().iterdir():
        if file.suffix in {".safetensors", ".patterns"} and file.stem != "look":
            shutil.copy(file, folder)
    words(folder / "look.safetensors", width, windows, texts)
    encoder(folder / "student.onnx", student_layers, width, 2)
    encoder(folder / "teacher.onnx", teacher_layers, width, 3)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--student-layers", type=int, default=4)
    parser.add_argument("--teacher-layers", type=int, default=6)
    parser.add_argument("--width", type=int, default=384)
    options = parser.parse_args()
    write(options.folder, options.student_layers, options.teacher_layers, options.width)
