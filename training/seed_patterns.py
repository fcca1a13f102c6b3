"""Chooses the attack vectors that seed the pattern index, and writes `seed.patterns` (vectors and metadata; no text).

A training attack becomes a pattern if no honest training text lies close to it, and if no accepted pattern covers it
already (leader clustering, Hartigan 1975). Families take turns, so that a big one does not fill the index.

    python -m training.seed_patterns [--count 6000]
"""

from __future__ import annotations

import argparse
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.corpus import Row, read_rows
from training.generators import generate
from training.metrics import above, threshold_at
from training.shipped import MODELS, SEED

Floats = NDArray[np.float32]

COVERED = 0.93
"""Cosine at which an accepted pattern covers a candidate."""

HONEST_MAX = 0.80
"""A candidate closer than this to an honest training text is not a pattern: it would match ordinary traffic."""

CHARACTERS_MAX = 600
"""Longer attacks are mostly container: their vector stands for the document, not for the attack."""

SEVERITY = {
    "instruction_override": 0.8, "indirect_injection": 0.8, "jailbreak_roleplay": 0.7, "prompt_leak": 0.7,
    "tool_abuse": 0.8,
    "data_exfiltration": 0.9, "encoding_obfuscation": 0.6,
}  # fmt: skip


def choose(rows: list[Row], vectors: Floats, honest: Floats, count: int) -> list[int]:
    """Positions of the rows to keep, families taking turns."""
    clear = np.array([float((honest @ vector).max()) < HONEST_MAX for vector in vectors])
    queues: dict[str, list[int]] = {}
    for place, row in enumerate(rows):
        if clear[place]:
            queues.setdefault(row.family, []).append(place)
    rng = np.random.default_rng(SEED)
    for queue in queues.values():
        rng.shuffle(queue)
    kept: list[int] = []
    held = np.zeros((count, vectors.shape[1]), np.float32)
    while len(kept) < count and any(queues.values()):
        for queue in queues.values():
            while queue and len(kept) < count:
                place = queue.pop()
                if not kept or float((held[: len(kept)] @ vectors[place]).max()) < COVERED:
                    held[len(kept)] = vectors[place]
                    kept.append(place)
                    break
    return kept


def key_of(row: Row) -> int:
    """Stable 63-bit key of a pattern: CRC of its text beside CRC of its source; says nothing of the text."""
    text, source = zlib.crc32(row.text.encode()), zlib.crc32(f"{row.source}/{row.text[:64]}".encode())
    return (text << 31 ^ source) & (1 << 63) - 1


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=6000)
    parser.add_argument("--folder", type=Path, default=MODELS)
    options = parser.parse_args()
    from aimds import _core

    model = _core.EmbeddingModel.load((options.folder / "embedding.safetensors").read_bytes())

    def embed(rows: list[Row]) -> Floats:
        return np.frombuffer(model.embed_batch([row.text for row in rows]), "<f4").reshape(len(rows), model.dimension)

    every = read_rows("train") + generate(SEED)
    attacks = [row for row in every if row.attack and not row.harmful and len(row.text) <= CHARACTERS_MAX]
    honest = embed([row for row in every if not row.attack])
    vectors = embed(attacks)
    kept = choose(attacks, vectors, honest, options.count)
    rows, chosen = [attacks[place] for place in kept], vectors[kept]
    dev = [row for row in read_rows("dev") if not row.harmful]
    nearest = np.array([float((chosen @ vector).max()) for vector in embed(dev)])
    is_attack = np.array([row.attack for row in dev])
    limit = threshold_at(nearest[~is_attack], 0.01)
    print(
        f"{len(kept)} patterns of {len(attacks)} attacks; on dev, similarity above {limit:.3f}: FPR "
        f"{above(nearest[~is_attack], limit)}, recall {above(nearest[is_attack], limit)}"
    )
    write(options.folder / "seed.patterns", rows, chosen)


def write(path: Path, rows: list[Row], vectors: Floats) -> None:
    """Quantises as the run time does and saves the index."""
    from aimds import _core

    scaled = vectors * 127.0
    whole = (np.sign(scaled) * np.floor(np.abs(scaled) + 0.5)).astype(np.int8)
    index = _core.PatternIndex(vectors.shape[1], "seed")
    index.add_batch(
        [key_of(row) for row in rows], whole.tobytes(), [row.category for row in rows], ["promoted"] * len(rows),
        [SEVERITY.get(row.category, 0.7) for row in rows],
    )  # fmt: skip
    index.save(str(path))
    print(f"{path.name}: {path.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
