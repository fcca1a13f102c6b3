"""Makes the static token tables: each piece of a vocabulary through its teacher, PCA, SIF weights.

Method: model2vec (Minish Lab, 2024) with SIF weights
(Arora, Liang, Ma, "A simple but tough-to-beat baseline for sentence embeddings", 2017).
Output: `training/work/table_<teacher>.npz`, float; `training.head` fine-tunes and quantises it.

    python -m training.distil [--teachers minilm e5] [--dimensions 128]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from training.corpus import read_rows, texts_of
from training.teachers import Floats, Teacher, encode_ids, load_e5, load_minilm
from training.vocabulary import kept_pieces, piece_probabilities

WORK = Path(__file__).parent / "work"

SIF_CONSTANT = 1e-3
"""`a` in a / (a + p(token)); the paper's range is 1e-4 to 1e-3."""

ZIPF_OFFSET = 2.7
"""Mandelbrot's rank offset, for a vocabulary that is ordered by frequency but has no counts."""


def principal_components(vectors: Floats, dimensions: int) -> Floats:
    """Centred projection to the leading principal components."""
    centred = vectors - vectors.mean(0)
    _, basis = np.linalg.eigh(centred.T.astype(np.float64) @ centred)
    return np.asarray(centred @ basis[:, ::-1][:, :dimensions], np.float32)


def weighted(vectors: Floats, probabilities: Floats) -> Floats:
    """Rows scaled by SIF, after bringing the mean row length to one."""
    length = float(np.linalg.norm(vectors, axis=1).mean())
    return np.asarray(vectors / length * (SIF_CONSTANT / (SIF_CONSTANT + probabilities))[:, None], np.float32)


def zipf(count: int) -> Floats:
    """Probabilities of a vocabulary ordered by frequency."""
    raw = 1.0 / (np.arange(count) + ZIPF_OFFSET)
    return np.asarray(raw / raw.sum(), np.float32)


def distil(teacher: Teacher, keep: list[int], probabilities: Floats, dimensions: int, path: Path) -> None:
    """Writes pieces, scores and the weighted table of the kept vocabulary."""
    vectors = encode_ids(teacher, [[piece_id] for piece_id in keep])
    table = weighted(principal_components(vectors, dimensions), probabilities)
    np.savez(
        path,
        table=table,
        raw=vectors.astype(np.float16),
        pieces=np.array([teacher.pieces[piece_id] for piece_id in keep]),
        scores=teacher.scores[keep],
        probabilities=probabilities,
    )
    print(f"{path.name}: {table.shape[0]} pieces x {table.shape[1]} dimensions")


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--teachers", nargs="+", choices=["minilm", "e5"], default=["minilm", "e5"])
    parser.add_argument("--dimensions", type=int, default=128)
    options = parser.parse_args()
    WORK.mkdir(exist_ok=True)
    if "minilm" in options.teachers:
        teacher = load_minilm()
        # BERT's vocabulary is ordered by frequency within its whole words; the first entries are unused slots.
        keep = [i for i, piece in enumerate(teacher.pieces) if not piece.startswith("[unused")]
        distil(teacher, keep, zipf(len(keep)), options.dimensions, WORK / "table_minilm.npz")
    if "e5" in options.teachers:
        teacher = load_e5()
        keep = kept_pieces(teacher, texts_of(read_rows("train")))
        distil(teacher, keep, piece_probabilities(teacher, keep), options.dimensions, WORK / "table_e5.npz")


if __name__ == "__main__":
    main()
