"""The records refuse what cannot be judged, and cannot leak or be misused."""

from dataclasses import replace
from types import MappingProxyType

import pytest

from aimds import Action, BlockedError, Event, EventKind, Role, Span, Trust, Verdict
from aimds.errors import ErrorCode, InputError
from aimds.limits import EVENT_CHARACTERS_MAX
from aimds.records import (
    Assessment,
    Finding,
    LearnProposal,
    Mitigation,
    MitigationKind,
    SeverityLevel,
    StageName,
    StageOutcome,
    StageReport,
)
from aimds.redaction import UntrustedText
from aimds.taxonomy import TAXONOMY, Category, entry


def verdict(action: Action = Action.ALLOW, **fields: object) -> Verdict:
    return Verdict(action=action, score=0.1, confidence=0.9, reason="because", event=Event("x"), **fields)


def finding(category: Category = Category.PROMPT_LEAK, severity: float = 0.5, confidence: float = 0.5) -> Finding:
    return Finding("d", "r", category, severity, confidence, "m")


@pytest.mark.parametrize(
    ("kind", "role", "trust"),
    [
        ("prompt", Role.USER, Trust.USER),
        ("document", Role.TOOL, Trust.UNTRUSTED),
        ("tool_call", Role.ASSISTANT, Trust.USER),
        ("tool_result", Role.TOOL, Trust.UNTRUSTED),
        ("response", Role.ASSISTANT, Trust.USER),
    ],
)
def test_kind_decides_role_and_trust(kind: str, role: Role, trust: Trust) -> None:
    """An event that only says its kind gets the role and trust that kind implies."""
    event = Event("x", kind=kind)
    assert (event.kind, event.role, event.trust) == (EventKind(kind), role, trust)


def test_role_decides_trust_over_kind() -> None:
    """A prompt that another agent wrote is untrusted; one from the system is trusted; explicit trust wins."""
    assert Event("x", role="agent").trust is Trust.UNTRUSTED
    assert Event("x", role="system").trust is Trust.TRUSTED
    assert Event("x", role="system", trust="untrusted").trust is Trust.UNTRUSTED


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"kind": "letter"}, "kind"),
        ({"role": "king"}, "role"),
        ({"trust": "blind"}, "trust"),
        ({"session_id": ""}, "session_id"),
        ({"session_id": "s" * 257}, "session_id"),
        ({"timestamp_ns": -1}, "timestamp_ns"),
        ({"timestamp_ns": 2**63}, "timestamp_ns"),
        ({"content": 7}, "content"),
    ],
)
def test_bad_event_names_the_field(fields: dict[str, object], place: str) -> None:
    """A malformed event is refused with a stable code and the field at fault."""
    with pytest.raises(InputError, match=place) as caught:
        Event(**{"content": "x", **fields})
    assert caught.value.code is ErrorCode.INPUT_BAD_EVENT
    assert caught.value.help


def test_too_large_event_is_refused_not_cut() -> None:
    """A text above the limit raises; one at the limit does not."""
    Event("x" * EVENT_CHARACTERS_MAX)
    with pytest.raises(InputError) as caught:
        Event("x" * (EVENT_CHARACTERS_MAX + 1))
    assert caught.value.code is ErrorCode.INPUT_TOO_LARGE


def test_text_is_redacted_wherever_it_could_be_printed() -> None:
    """Neither repr, str, format nor an f-string of event or text shows the characters."""
    event = Event("my password is hunter2")
    for shown in (repr(event), str(event), f"{event.content}", f"{event.content:>80}", repr(event.content)):
        assert "hunter2" not in shown
    assert event.text == "my password is hunter2"


def test_untrusted_text_compares_and_hashes_by_characters() -> None:
    """Equal characters are equal objects; lone surrogates still have a digest; wrapping twice wraps once."""
    one, two = UntrustedText("a"), UntrustedText(UntrustedText("a"))
    assert one == two
    assert hash(one) == hash(two)
    assert one != UntrustedText("b")
    assert one != "a"
    assert len(UntrustedText("\ud800").digest()) == 12


@pytest.mark.parametrize(("start", "end"), [(-1, 2), (3, 2)])
def test_span_is_a_range(start: int, end: int) -> None:
    """A span that is no range cannot be made."""
    with pytest.raises(ValueError, match="not a range"):
        Span(start, end)


def test_span_cuts_its_characters() -> None:
    """A span covers code points, half-open."""
    assert Span(1, 3).of("añb") == "ñb"


def test_verdict_has_no_truth_value() -> None:
    """`if verdict:` is a mistake and says so."""
    with pytest.raises(TypeError, match=r"verdict\.action"):
        bool(verdict())


def test_enforce_passes_allow_and_raises_else() -> None:
    """`enforce` returns an allowed verdict and raises for BLOCK and ESCALATE, with the verdict on the error."""
    allowed = verdict()
    assert allowed.enforce() is allowed
    assert allowed.allowed
    for action in (Action.BLOCK, Action.ESCALATE):
        refused = verdict(action)
        with pytest.raises(BlockedError) as caught:
            refused.enforce()
        assert caught.value.verdict is refused


def test_learn_stands_beside_the_action() -> None:
    """A proposal adds LEARN to the actions and leaves the action alone."""
    proposal = LearnProposal("novel", Category.PROMPT_LEAK, "00")
    assert verdict(Action.BLOCK, proposal=proposal).actions == (Action.BLOCK, Action.LEARN)
    assert verdict().actions == (Action.ALLOW,)


def test_verdict_category_is_that_of_the_strongest_finding() -> None:
    """Severity times confidence decides; no finding, no category."""
    weak, strong = finding(Category.SECRET, 0.9, 0.1), finding(Category.TOOL_ABUSE, 0.6, 0.6)
    assert verdict(findings=(weak, strong)).category is Category.TOOL_ABUSE
    assert verdict().category is None


def test_redacted_text_replaces_the_spans_of_redact_only() -> None:
    """Spans of `redact` are replaced from the end, so that offsets stay right; other mitigations touch nothing."""
    event = Event("call 123 or 456 now")
    result = Verdict(
        Action.ALLOW, 0, 1, "", event,
        mitigations=(
            Mitigation(MitigationKind.REDACT, "", (Span(5, 8), Span(12, 15))),
            Mitigation(MitigationKind.BLOCK, "", (Span(0, 4),)),
        ),
    )  # fmt: skip
    assert result.redacted_text("#") == "call # or # now"


@pytest.mark.parametrize(
    ("severity", "level"),
    [
        (0.0, "info"),
        (0.2, "info"),
        (0.21, "low"),
        (0.5, "medium"),
        (0.8, "high"),
        (0.81, "critical"),
        (1.0, "critical"),
    ],
)
def test_severity_levels(severity: float, level: str) -> None:
    """The steps in words stand where the documentation says."""
    assert finding(severity=severity).severity_level is SeverityLevel(level)


def test_assessment_grows_by_reports() -> None:
    """Each report is kept in order, findings come out in stage order, the original record is untouched."""
    start = Assessment(Event("x"))
    one = start.with_report(StageReport(StageName.NORMALISE, StageOutcome.COMPLETE, (finding(Category.SECRET),)))
    two = one.with_report(StageReport(StageName.SIGNATURES, StageOutcome.COMPLETE, (finding(),)))
    assert [report.stage for report in two.reports] == [StageName.NORMALISE, StageName.SIGNATURES]
    assert [one.category for one in two.findings] == [Category.SECRET, Category.PROMPT_LEAK]
    assert start.reports == ()
    assert two.report(StageName.SIGNATURES) is two.reports[1]
    assert two.report(StageName.VERIFY) is None


def test_every_category_has_a_taxonomy_entry() -> None:
    """The table is complete, years are written with OWASP ids, and ids have the forms of their lists."""
    assert set(TAXONOMY) == set(Category)
    for category in Category:
        row = entry(category)
        assert row.summary
        assert all(one.startswith("LLM") and one.endswith(":2025") for one in row.owasp_llm_2025)
        assert all(one.startswith("LLM") and one.endswith(":2026") for one in row.owasp_llm_2026)
        assert all(one.startswith("ASI") and len(one) == 5 for one in row.owasp_agentic_2026)
        assert all(one.startswith("AML.T") for one in row.atlas)
    assert entry(Category.PROMPT_LEAK).owasp_llm_2025 == ("LLM07:2025",)
    assert entry(Category.PROMPT_LEAK).owasp_llm_2026 == ("LLM08:2026",)


@pytest.mark.parametrize("place", ["session_id", "tool", "id"])
def test_a_name_with_half_a_surrogate_pair_is_refused(place: str) -> None:
    """No kernel and no audit trail could hold it; a text may have one, which the guard judges."""
    with pytest.raises(InputError) as caught:
        Event("hello", **{place: "mail\ud800"})
    assert caught.value.code is ErrorCode.INPUT_BAD_EVENT
    assert place in str(caught.value)
    assert Event("hello \ud800").text == "hello \ud800"


def test_records_that_are_copied_by_hand_keep_every_field() -> None:
    """`timed` and `with_report` spell their fields out: one that is added must not get lost there."""
    details = MappingProxyType({"a": 1})
    report = StageReport(StageName.PATTERNS, StageOutcome.CERTAIN, (finding(),), 0.5, "why", details, 3)
    assert report.timed(7) == replace(report, duration_ns=7)
    before = Assessment(Event("x"), None, (report,))
    other = StageReport(StageName.VERIFY, StageOutcome.COMPLETE)
    assert before.with_report(other) == replace(before, reports=(report, other))
