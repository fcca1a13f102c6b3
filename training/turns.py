"""Sessions for the recurrent model: the trace corpora, text of our own, honest chats joined at training time.

Every event goes through the run time's own rooms before `temporal` once; what the network sees of a session is then
read from a `SessionTable`, so training and run time cannot differ.
"""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aimds import Event, Settings
from aimds._core import EmbeddingModel, SessionTable, TurnFeatures, turn_numbers
from aimds.patterns import models_folder
from aimds.pipeline import build_rooms
from aimds.ports import SystemClock, SystemIds
from aimds.records import Assessment
from aimds.signatures import CanaryTokens
from aimds.temporal import turn_text
from training.corpus import HARMFUL_CATEGORY, data_folder

BANK = Path(__file__).parent / "banks" / "conversations.jsonl"

SOURCES = (
    "agentdyn", "injecagent_dh", "injecagent_benign_fill", "bfcl_multi_turn", "taskmaster4", "tau_bench_airline",
    "toolbench_examples", "weak_hh_rlhf",
)  # fmt: skip
WEAK = "weak_hh_rlhf"

FAMILIES = {"injecagent_dh": "injecagent", "injecagent_benign_fill": "injecagent"}
"""Trace sources made from one set of templates are held out together."""

OWN_FAMILIES = {
    "crescendo": "crescendo", "fiction": "crescendo", "lesson": "crescendo", "foot": "foot", "service": "foot",
    "split": "split", "parts": "split", "drift": "drift", "role": "drift", "shot": "shot", "examples": "shot",
    "short": "shot", "memory": "memory", "notes": "memory", "mixed": "memory", "agent": "agent", "research": "agent",
    "poll": "agent", "debug": "agent", "pressure": "foot", "haggle": "foot", "tongue": "split", "ownwords": "shot",
    "selfedit": "shot", "secretgame": "secret", "quiz": "secret", "spell": "secret", "policy": "policy",
    "config": "policy", "pro": "policy", "fatigue": "fatigue", "approve": "fatigue", "handover": "agent",
    "handback": "agent", "exfil": "agent",
}  # fmt: skip
"""Each kind of own attack is held out together with the honest kinds that look like it; `crescendo2` is one more
`crescendo`."""

CARRIED_AT_ONCE = frozenset({"agent", "handover"})
"""Kinds whose attack comes in one event, not little by little."""

SINGLE_PROMPTS = 6000
"""Prompts, and as many attacks, of the text corpora from which chats are joined: some more than a run draws."""

SINGLE_CHARACTERS_MAX = 2000

SHARED_SOURCES = frozenset({"agentdojo_static", "agentdyn_tool_outputs", "injecagent_dh"})
"""Text corpora with the attacks of a trace corpus: planted, they would give away the source that is held out."""

EVENTS_MAX = 64
"""A session is cut there: the longest trace has 65 events."""


@dataclass(frozen=True)
class TurnRow:
    """One event as the run time reads it: features, and its vector."""

    features: TurnFeatures
    vector: NDArray[np.float32]


@dataclass(frozen=True)
class SessionRow:
    """One session. `family` is the unit that is held out; `start` is the first event that may count as the attack."""

    id: str
    source: str
    family: str
    attack: bool
    carrier: int | None
    """Place of the event that carries the attack; `None` when no event does, or it is not known."""
    events: tuple[Event, ...]
    turns: tuple[TurnRow, ...] = ()
    gradual: bool = False
    """The turns before the carrier already belong to the attack (crescendo), and are not called honest."""
    start: int = 0
    """Turns before it come from an honest session put in front."""


@dataclass
class Reader:
    """Runs events through the rooms before `temporal`."""

    embedding: EmbeddingModel
    known: dict[tuple[str, str, str, str | None], TurnRow] = field(default_factory=dict)

    def __post_init__(self) -> None:
        clock = SystemClock()
        self._rooms = build_rooms(Settings(patterns={"enabled": False}), CanaryTokens(SystemIds()), clock)[:2]

    def turn(self, event: Event) -> TurnRow:
        """The event as the temporal room would see it."""
        key = (event.text, event.kind, event.role, event.tool)
        if key not in self.known:
            assessment = Assessment(event)
            for room in self._rooms:
                assessment = room.run(assessment)
            risk = max(report.score for report in assessment.reports)
            text = assessment.text if assessment.text is not None else event.text
            features = TurnFeatures(text, event.kind, event.role, event.tool, risk)
            vector = np.frombuffer(self.embedding.embed(turn_text(text, features.length)), "<f4")
            self.known[key] = TurnRow(features, vector)
        return self.known[key]

    def session(self, row: SessionRow) -> SessionRow:
        """The session with its turns read."""
        return replace(row, turns=tuple(self.turn(event) for event in row.events[:EVENTS_MAX]))


def load_embedding() -> EmbeddingModel:
    """The shipped embedding."""
    return EmbeddingModel.load((models_folder() / "embedding.safetensors").read_bytes())


def _events(raw: Sequence[dict[str, Any]]) -> tuple[Event, ...]:
    return tuple(
        Event(one["content"] or "", kind=one["type"], role=one.get("role"), tool=one.get("tool")) for one in raw
    )


def trace_sessions(part: str) -> list[SessionRow]:
    """The sessions of all trace corpora; `part` is `train` or `dev`."""
    out = []
    for source in SOURCES:
        with gzip.open(data_folder() / f"trace_{source}_{part}.jsonl.gz", "rt", encoding="utf-8") as lines:
            for line in lines:
                raw = json.loads(line)
                out.append(
                    SessionRow(
                        raw["id"], source, FAMILIES.get(source, source), raw["label"] == "attack",
                        raw.get("attack_event_index"), _events(raw["events"]), gradual=source == WEAK,
                    )
                )  # fmt: skip
    return out


def kind_of(name: str) -> str:
    """`crescendo` of the conversation `crescendo2-07`."""
    return name.rpartition("-")[0].rstrip("0123456789")


def own_sessions(path: Path = BANK) -> list[SessionRow]:
    """The conversations of our own writing."""
    out = []
    for line in path.read_text("utf-8").splitlines():
        raw = json.loads(line)
        kind = kind_of(raw["id"])
        out.append(
            SessionRow(
                raw["id"], f"own_{kind}", f"own_{OWN_FAMILIES[kind]}", raw["label"] == "attack",
                raw["attack_event_index"], _events(raw["events"]), gradual=kind not in CARRIED_AT_ONCE,
            )
        )  # fmt: skip
    return out


@dataclass(frozen=True)
class Singles:
    """Single turns of the text corpora, read."""

    honest: tuple[TurnRow, ...]
    attacks: tuple[TurnRow, ...]


def single_turns(reader: Reader, rng: random.Random) -> Singles:
    """Prompts of the text corpora, and attacks of those that share nothing with a trace corpus."""
    honest, attacks = [], []
    with gzip.open(data_folder() / "train.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            raw = json.loads(line)
            if raw["source"] == "derived_encodings" or len(raw["text"]) > SINGLE_CHARACTERS_MAX:
                continue
            if raw["label"] != "attack":
                honest.append(Event(raw["text"]))
            elif raw["source"] not in SHARED_SOURCES and raw["category"] != HARMFUL_CATEGORY:
                kind = "tool_result" if raw["category"] == "indirect_injection" else "prompt"
                attacks.append(Event(raw["text"], kind=kind))
    picked = [rng.sample(events, SINGLE_PROMPTS) for events in (honest, attacks)]
    turns = [tuple(reader.turn(event) for event in events) for events in picked]
    return Singles(*turns)


def joined_chat(
    honest: Sequence[SessionRow], prompts: Sequence[TurnRow], rng: random.Random, length_max: int
) -> tuple[TurnRow, ...]:
    """An honest chat made of whole honest sessions and single prompts, of at most `length_max` turns."""
    turns: list[TurnRow] = []
    for _ in range(rng.randint(1, 4)):
        if rng.random() < 0.5:
            turns += rng.choice(honest).turns
        else:
            turns += rng.sample(prompts, rng.randint(1, 6))
    return tuple(turns[:length_max])


def planted_chat(honest: Sequence[SessionRow], singles: Singles, rng: random.Random) -> tuple[tuple[TurnRow, ...], int]:
    """An honest chat with an attack of the text corpora somewhere in it, and the attack's place."""
    turns = joined_chat(honest, singles.honest, rng, EVENTS_MAX - 1)
    place = rng.randint(0, len(turns))
    return (*turns[:place], rng.choice(singles.attacks), *turns[place:]), place


def times_of(turns: Sequence[TurnRow], rng: random.Random) -> list[int | None]:
    """Times that say nothing of the label: none, a replay's even seconds, or a person's and a machine's pace."""
    style = rng.random()
    if style < 0.3:
        return [None] * len(turns)
    at, out = 1_700_000_000.0, []
    for _ in turns:
        at += 1.0 if style < 0.6 else rng.lognormvariate(1.5, 1.2)
        out.append(int(at * 1e9))
    return out


def numbers_of(turns: Sequence[TurnRow], times: Sequence[int | None]) -> NDArray[np.float32]:
    """The numbers of each turn, float32 [turns, numbers], as a session table gives them."""
    table = SessionTable(1)
    rows = []
    for turn, time_ns in zip(turns, times, strict=True):
        rows.append(turn_numbers(turn.features, table.analyze("s", turn.features, time_ns)))
    return np.array(rows, np.float32)


def replay_times(turns: Sequence[TurnRow]) -> list[int | None]:
    """The times that `aimds replay` gives events without their own."""
    return [(1_700_000_000 + place) * 10**9 for place in range(len(turns))]
