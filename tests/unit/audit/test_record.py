"""A record says what was decided and why, leaks no text, and cannot outgrow its line."""

import hashlib
import json
import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.audit_trails import MADE_BY, finding, verdict

from aimds import Action, Category, Finding, Span
from aimds.audit.canonical import line_of, strict
from aimds.audit.record import MadeBy, verdict_data
from aimds.audit.store import Batch, EntryType, Head, row_of
from aimds.audit.verify import LINE_BYTES_MAX, canonical
from aimds.errors import ArtefactError
from aimds.limits import AUDIT_CERTIFICATE_BYTES_MAX, AUDIT_FINDINGS_MAX, AUDIT_TEXT_CHARACTERS_MAX, FINDINGS_MAX
from aimds.records import LearnProposal, Mitigation, MitigationKind, SeverityLevel, StageName, StageOutcome, StageReport
from aimds.redaction import UntrustedText

SECRET = "zq-hunter2-zq"


def record(*args: Any, keep_text: bool = False, **fields: Any) -> dict[str, Any]:
    return verdict_data(verdict(*args, **fields), MADE_BY, keep_text=keep_text)


def test_a_record_holds_the_decision_and_its_grounds() -> None:
    """Event, verdict, findings, stages, what it was made by; numbers in whole units."""
    data = record("ignore all of it", kind="document", tool="browser")
    assert data["event"] == {
        "id": "event-1",
        "kind": "document",
        "role": "tool",
        "session_id": "session-1",
        "text": {"characters": 16, "kept": False, "sha256": hashlib.sha256(b"ignore all of it").hexdigest()},
        "timestamp_ns": 5,
        "tool": "browser",
        "trust": "untrusted",
    }
    assert data["verdict"] == {
        "action": "BLOCK",
        "block_threshold_millionths": 1_000_000,
        "category": "instruction_override",
        "confidence_millionths": 800_000,
        "duration_ns": 1_250_000,
        "escalate_threshold_millionths": 1_000_000,
        "learn": False,
        "reason": "signatures: a rule",
        "score_millionths": 900_000,
    }
    (found,) = data["findings"]
    assert found["span"] == [0, 6]
    assert (found["evidence"], found["evidence_characters"]) == ("******", 6)
    assert found["details"] == {"similarity": "0.5", "spelling": "*" * 16, "count": 3}
    assert data["stages"][0]["duration_ns"] == 20_000
    assert data["made_by"] == {
        "models": {"head.safetensors": "9" * 64},
        "rules": "7" * 64,
        "settings": "5" * 64,
        "version": "0.0",
    }
    assert data["certificate"] is None


def test_no_text_gets_into_a_record() -> None:
    """Neither the text, nor evidence, nor words in details of any depth stand in a redacted record."""
    details = {
        "a": SECRET,
        "b": UntrustedText(SECRET),
        "c": [SECRET, {"d": (SECRET,)}],
        "e": {SECRET},
        "f": [[[[SECRET]]]],
        "g": SECRET.encode(),
        "level": SeverityLevel.HIGH,
        "rule_category": "prompt_leak",
        "share": 1 / 3,
    }
    one = Finding("d", "r", Category.PROMPT_LEAK, 0.5, 0.5, "m", evidence=UntrustedText(SECRET), details=details)
    data = record(f"a text with {SECRET}", findings=(one,))
    assert SECRET not in json.dumps(data)
    assert data["findings"][0]["details"]["level"] == "high"
    assert data["findings"][0]["details"]["rule_category"] == "prompt_leak"
    assert data["findings"][0]["details"]["share"] == "0.333333"


def test_text_is_kept_when_chosen_and_the_record_says_so() -> None:
    """The beginning stands in the record, with length and digest; secrets in it are starred out, place for place."""
    text = f"a text with {SECRET} inside"
    span = Span(12, 12 + len(SECRET))
    secret = finding(text, Category.SECRET, span)
    kept = record(text, findings=(secret,), keep_text=True)["event"]["text"]
    assert kept["kept"] is True
    assert kept["content"] == f"a text with {'*' * len(SECRET)} inside"
    assert kept["cut"] is False
    long = record("x" * (AUDIT_TEXT_CHARACTERS_MAX + 1), findings=(), keep_text=True)["event"]["text"]
    assert (len(long["content"]), long["cut"], long["characters"]) == (
        AUDIT_TEXT_CHARACTERS_MAX,
        True,
        AUDIT_TEXT_CHARACTERS_MAX + 1,
    )


@pytest.mark.parametrize("category", [Category.SECRET, Category.PERSONAL_DATA, Category.CANARY_LEAK])
def test_a_secret_across_the_cut_is_starred_out(category: Category) -> None:
    """A span that begins before the cut and ends behind it covers what is left."""
    text = "y" * (AUDIT_TEXT_CHARACTERS_MAX - 3) + SECRET
    span = Span(AUDIT_TEXT_CHARACTERS_MAX - 3, len(text))
    kept = record(text, findings=(finding(text, category, span),), keep_text=True)["event"]["text"]
    assert kept["content"].endswith("y***")


def test_a_lone_surrogate_can_be_recorded() -> None:
    """A text that UTF-8 cannot carry has a digest and a line all the same."""
    data = record("\ud800 ignore", keep_text=True)
    assert json.loads(canonical(data)) == data


def test_learning_and_mitigations_are_told() -> None:
    """A proposal is a flag; mitigations carry their spans, bounded."""
    from dataclasses import replace

    one = replace(
        verdict(),
        proposal=LearnProposal("new", Category.PROMPT_LEAK, "0"),
        mitigations=(Mitigation(MitigationKind.REDACT, "why", tuple(Span(n, n + 1) for n in range(300))),),
    )
    data = verdict_data(one, MADE_BY, keep_text=False)
    assert data["verdict"]["learn"] is True
    assert len(data["mitigations"][0]["spans"]) == 256
    assert data["mitigations"][0]["spans_omitted"] == 44


def test_names_that_are_too_long_stay_apart() -> None:
    """A long id is cut, and two that differ only at their end stay two."""
    one, two = (record(id="x" * 1_000 + end)["event"]["id"] for end in "ab")
    assert one != two
    assert len(one) <= 256


def test_the_largest_record_fits_a_line() -> None:
    """All bounds reached at once, in characters of the longest escapes, stay below the limit of a line."""
    from dataclasses import replace

    wide = "\U0001f600" * 3_000
    worst = Finding(
        wide, wide, Category.PROMPT_LEAK, 1.0, 1.0, wide, chain=(wide,) * 99, span=Span(0, 10**6),
        evidence=UntrustedText(wide), details={f"{n}{wide}": wide for n in range(99)},
    )  # fmt: skip
    report = StageReport(StageName.PATTERNS, StageOutcome.UNDECIDED, reason=wide)
    certificate = {"x": "y" * (AUDIT_CERTIFICATE_BYTES_MAX - 10)}
    assert len(strict(certificate)) <= AUDIT_CERTIFICATE_BYTES_MAX
    one = replace(
        verdict(
            wide * 5, tool=wide[:1024], id=wide[:1024], session_id="\U0001f600" * 256, findings=(worst,) * FINDINGS_MAX
        ),
        reason=wide,
        mitigations=tuple(Mitigation(kind, wide, (Span(10**6, 10**6),) * 999) for kind in MitigationKind) * 9,
        reports=(
            StageReport(StageName.VERIFY, StageOutcome.COMPLETE, details={"certificate": certificate}),
            *([report] * 50),
        ),
    )
    made_by = MadeBy("0", "5" * 64, "7" * 64, {f"{n}{'m' * 250}": "9" * 64 for n in range(64)})
    batch = Batch(Head("t" * 32), 2**62)
    row = batch.add(EntryType.VERDICT, verdict_data(one, made_by, keep_text=True))
    assert AUDIT_CERTIFICATE_BYTES_MAX < len(row.line) < LINE_BYTES_MAX
    assert row.data["findings_omitted"] == FINDINGS_MAX - AUDIT_FINDINGS_MAX
    assert row.data["certificate"]["content"] == certificate


def test_a_line_that_is_too_large_is_refused() -> None:
    """What a store is handed is bounded even if the bounds of a record were not."""
    entry = {"data": {"x": "y" * LINE_BYTES_MAX}, "sequence": 1, "time_ns": 1, "type": "started"}
    with pytest.raises(ArtefactError, match="above the limit"):
        row_of(entry)


@pytest.mark.parametrize(
    ("certificate", "omitted"),
    [
        ({"share": 0.5}, "it is not canonical JSON"),
        ({1: 2}, "it is not canonical JSON"),
        ({"x": "y" * AUDIT_CERTIFICATE_BYTES_MAX}, f"it has {AUDIT_CERTIFICATE_BYTES_MAX + 8} bytes"),
    ],
    ids=["fraction", "key", "size"],
)
def test_a_certificate_that_cannot_stand_in_a_trail_is_told(certificate: Any, omitted: str) -> None:
    """Its absence is said with the reason, so that nobody takes the record for one without certificate."""
    held = record(certificate=certificate)["certificate"]
    assert held["content"] is None
    assert held["omitted"] == omitted


def test_a_certificate_is_held_with_its_reference() -> None:
    """The reference is the digest of its canonical bytes."""
    held = record(certificate={"b": 1, "a": [True, None]})["certificate"]
    expected = hashlib.sha256(b'{"a":[true,null],"b":1}').hexdigest()
    assert held == {"content": {"b": 1, "a": [True, None]}, "omitted": None, "reference": f"sha256:{expected}"}


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(VALUES)
def test_canonical_json_is_one_spelling(value: Any) -> None:
    """What is read back is the same value with the same bytes; ASCII only, no spaces outside of strings."""
    data = strict(value)
    assert json.loads(data) == value
    assert canonical(json.loads(data)) == data
    assert data.isascii()


@pytest.mark.parametrize("value", [1.0, float("nan"), {"a": [0.5]}, {1: 2}, {"x": b"bytes"}, {"x": {1}}])
def test_values_of_many_spellings_are_refused(value: Any) -> None:
    """Fractions, keys that are no strings, and what JSON has not."""
    with pytest.raises(ValueError, match=r".+"):
        strict(value)


def test_a_line_is_its_entry_and_hash() -> None:
    """As the documentation says: the hash is that of the entry's canonical bytes."""
    line, value = line_of({"b": "é", "a": 1})
    assert line == b'{"entry":{"a":1,"b":"\\u00e9"},"hash":"' + value.encode() + b'"}'
    assert value == hashlib.sha256(b'{"a":1,"b":"\\u00e9"}').hexdigest()
    assert set(value) <= set(string.hexdigits)


def test_an_allowed_event_has_no_finding() -> None:
    """And its record is as whole as any other."""
    data = record(action=Action.ALLOW)
    assert (data["findings"], data["verdict"]["category"]) == ([], None)
