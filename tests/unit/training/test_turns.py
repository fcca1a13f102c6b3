"""The conversations of our own writing, and that training counts findings as the room does."""

from __future__ import annotations

import json
import random
from collections import Counter

import numpy as np
import pytest
from training.guard import EventScores, findings_of, probability_of, stop_of
from training.turns import BANK, OWN_FAMILIES, kind_of, own_sessions, times_of

from aimds.temporal.recurrent import RISE_MIN, sigmoid

ROWS = [json.loads(line) for line in BANK.read_text("utf-8").splitlines()]


def test_the_bank_is_well_formed():
    """Unique ids of known kinds, 4 to 16 events, and a carrier exactly where there is an attack."""
    assert len({row["id"] for row in ROWS}) == len(ROWS)
    counts = Counter(row["label"] for row in ROWS)
    assert counts["attack"] >= 60
    assert counts["benign"] >= 90
    for row in ROWS:
        assert kind_of(row["id"]) in OWN_FAMILIES, row["id"]
        assert 4 <= len(row["events"]) <= 16, row["id"]
        carrier = row["attack_event_index"]
        assert (carrier is not None) is (row["label"] == "attack"), row["id"]
        assert carrier is None or 0 < carrier < len(row["events"]), row["id"]


def test_no_kind_is_all_attack_without_an_honest_twin():
    """Every family that is held out together has both labels."""
    labels: dict[str, set[bool]] = {}
    for row in own_sessions():
        labels.setdefault(row.family, set()).add(row.attack)
    assert set(map(frozenset, labels.values())) == {frozenset({True, False})}


def test_findings_are_counted_as_the_room_makes_them():
    """At the crossing, at further rises, and not at what follows quietly."""
    logits = np.array([-1.0, 3.0, 3.1, 3.0, 3.0 + RISE_MIN, -2.0, 3.0])
    assert findings_of(logits, -2.0, 0.9).tolist() == [False, True, False, False, True, False, True]
    assert findings_of(np.array([3.0]), 4.0, 0.9).tolist() == [False]
    assert probability_of(np.array([0.7]))[0] == pytest.approx(sigmoid(0.7))


def test_a_session_stops_where_the_fused_score_reaches_the_threshold():
    """A finding alone at the highest confidence, or a weaker one with what other rooms saw."""
    quiet, doubtful = EventScores(0.0, 0.0, False), EventScores(0.0, 0.4, False)
    weak, sure = np.array([-9.0, 0.5]), np.array([-9.0, 9.0])
    assert stop_of([quiet, quiet], None, -9.0, 0.5, 0.65) is None
    assert stop_of([quiet, quiet], sure, -9.0, 0.5, 0.65) == 1
    assert stop_of([quiet, quiet], weak, -9.0, 0.5, 0.65) is None
    assert stop_of([quiet, doubtful], weak, -9.0, 0.5, 0.65) == 1
    assert stop_of([EventScores(0.0, 0.9, True), quiet], None, -9.0, 0.5, 0.65) == 0


def test_times_grow():
    """Whatever the pace, no event is before the one before it."""
    rng = random.Random(3)
    for _ in range(20):
        known = [time_ns for time_ns in times_of([None] * 10, rng) if time_ns is not None]
        assert known == sorted(known)
