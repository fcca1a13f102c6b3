"""Chooses the attack vectors that seed the pattern index, and writes `seed.patterns` (vectors and metadata; no text).

A training attack becomes a pattern if no honest training text lies close to it, and if no accepted pattern covers it
already (leader clustering, Hartigan 1975). Families take turns, so that a big one does not fill the index.

    python -m training.seed_patterns [--count 6000]
"""

from __future__ import annotations

import argparse
import json
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.numpy import save_file

from aimds import _core
from aimds.patterns.seed import build_seed
from aimds.patterns.stage import SEED_LOOK_UP_MIN
from training.checksums import write_sums
from training.corpus import Row, read_rows
from training.generators import generate
from training.metrics import above, threshold_at
from training.runtime import Shipped, load_classifier
from training.shipped import MODELS, SEED

Floats = NDArray[np.float32]

COVERED = 0.93
"""Cosine at which an accepted pattern covers a candidate."""

HONEST_MAX = 0.80
"""A candidate closer than this to an honest training text is not a pattern: it would match ordinary traffic."""

CHARACTERS_MAX = 600
"""Longer attacks are mostly container: their vector stands for the document, not for the attack."""

FINDING_FPR, CERTAIN_FPR = 0.01, 0.001
"""Shares of the honest dev rows that may have a neighbour near enough for a finding, and for the end of the walk."""

CERTAIN_MIN = 0.97
"""Below it two texts share most words and need not mean the same, whatever the dev rows say."""

SEVERITY = {
    "instruction_override": 0.8, "indirect_injection": 0.8, "jailbreak_roleplay": 0.7, "prompt_leak": 0.7,
    "tool_abuse": 0.8,
    "data_exfiltration": 0.9, "encoding_obfuscation": 0.6,
}  # fmt: skip


def choose(rows: list[Row], vectors: Floats, honest: Floats, count: int) -> list[int]:
    """Positions of the rows to keep, families taking turns."""
    chunks = [vectors[start : start + 500] for start in range(0, len(vectors), 500)]
    clear = np.concatenate([(chunk @ honest.T).max(1) < HONEST_MAX for chunk in chunks])
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


def nearest_similarities(shipped: Shipped, rows: Sequence[Row], patterns: Floats) -> tuple[Floats, Floats]:
    """Cosine of each row's nearest pattern, over the vectors that the patterns room searches with; its probability."""
    nearest, probability = np.zeros(len(rows), np.float32), np.zeros(len(rows), np.float32)
    for place, row in enumerate(rows):
        found = shipped.classifier.score(_core.normalise(row.text))
        vectors = np.stack([np.frombuffer(vector, "<f4") for vector in found.embeddings])
        nearest[place], probability[place] = float((patterns @ vectors.T).max()), found.probability
    return nearest, probability


def note_thresholds(path: Path, default: float, certain: float) -> None:
    """Adds the cosines at which a neighbour is a finding, and ends the walk, to the head's metadata."""
    with safe_open(path, framework="numpy") as file:
        meta = json.loads(file.metadata()["aimds"])
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
    meta["thresholds"]["nearest"] = {"default": round(default, 4), "certain": round(certain, 4)}
    save_file(tensors, path, metadata={"aimds": json.dumps(meta)})


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=6000)
    parser.add_argument("--folder", type=Path, default=MODELS)
    options = parser.parse_args()
    shipped = load_classifier(options.folder)
    model = _core.EmbeddingModel.load((options.folder / "embedding.safetensors").read_bytes())

    def embed(rows: list[Row]) -> Floats:
        return np.frombuffer(model.embed_batch([row.text for row in rows]), "<f4").reshape(len(rows), model.dimension)

    every = read_rows("train") + generate(SEED)
    attacks = [row for row in every if row.attack and not row.harmful and len(row.text) <= CHARACTERS_MAX]
    honest = embed([row for row in every if not row.attack])
    vectors = embed(attacks)
    kept = choose(attacks, vectors, honest, options.count)
    rows, chosen = [attacks[place] for place in kept], np.ascontiguousarray(vectors[kept])
    index = build_seed(
        model, [key_of(row) for row in rows], chosen.tobytes(), [row.category for row in rows],
        [SEVERITY.get(row.category, 0.7) for row in rows], [row.source for row in rows],
    )  # fmt: skip
    index.save(options.folder / "seed.patterns")
    dev = [row for row in read_rows("dev") if not row.harmful]
    nearest, probability = nearest_similarities(shipped, dev, chosen)
    is_attack = np.array([row.attack for row in dev])
    default = threshold_at(nearest[~is_attack], FINDING_FPR)
    certain = max(CERTAIN_MIN, threshold_at(nearest[~is_attack], CERTAIN_FPR))
    note_thresholds(options.folder / "head.safetensors", default, certain)
    write_sums(options.folder)
    print(f"{len(kept)} patterns of {len(attacks)} attacks")
    for name, limit in (("finding", default), ("blocks", default + 0.6 * (1 - default)), ("certain", certain)):
        benign, attack = above(nearest[~is_attack], limit), above(nearest[is_attack], limit)
        print(f"{name}: similarity {limit:.3f}; dev FPR {benign}, recall {attack}")
    spared = probability < SEED_LOOK_UP_MIN
    print(f"not looked up: {spared.sum()} dev rows; a finding is lost in {(spared & (nearest >= default)).sum()}")


if __name__ == "__main__":
    main()
