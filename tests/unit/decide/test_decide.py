"""One verdict from all reports: thresholds, certainty, fail-closed, mitigations, learning."""

import pytest

from aimds import Action, Event, Span
from aimds.decide import DecideStage, DecisionRules
from aimds.decide.fusion import noisy_or
from aimds.records import Assessment, Finding, MitigationKind, StageName, StageOutcome, StageReport
from aimds.taxonomy import Category

RULES = DecisionRules(block_threshold=0.8, escalate_threshold=0.6, undecided_action=Action.ESCALATE)


def finding(category: Category = Category.PROMPT_LEAK, confidence: float = 0.9, span: Span | None = None) -> Finding:
    return Finding("d", "r", category, 0.9, confidence, "leak", span=span)


def decide(*reports: StageReport, rules: DecisionRules = RULES, event: Event | None = None):
    return DecideStage(rules).decide(Assessment(event or Event("x"), reports=reports))


def report(stage: StageName = StageName.SIGNATURES, score: float = 0.0, outcome: str = "complete", **fields: object):
    return StageReport(stage, StageOutcome(outcome), score=score, **fields)


@pytest.mark.parametrize(
    ("score", "action"),
    [(0.0, Action.ALLOW), (0.599, Action.ALLOW), (0.6, Action.ESCALATE), (0.799, Action.ESCALATE), (0.8, Action.BLOCK)],
)
def test_thresholds_are_inclusive_lower_bounds(score: float, action: Action) -> None:
    """Each threshold belongs to the graver side."""
    assert decide(report(score=score)).action is action


def test_scores_of_rooms_add_up_as_independent_evidence() -> None:
    """Two scores of 0.6 make 0.84, which blocks although neither would."""
    verdict = decide(report(score=0.6), report(StageName.PATTERNS, score=0.6))
    assert verdict.score == pytest.approx(0.84)
    assert verdict.action is Action.BLOCK


def test_a_certain_stage_blocks_whatever_the_score() -> None:
    """The requirement's early exit: certainty is enough, and its confidence is the finding's."""
    verdict = decide(report(StageName.TEMPORAL, 0.1, "certain", findings=(finding(confidence=0.97),), reason="loop"))
    assert verdict.action is Action.BLOCK
    assert verdict.confidence == pytest.approx(0.97)
    assert verdict.reason == "temporal: loop"


@pytest.mark.parametrize("answer", [Action.BLOCK, Action.ESCALATE, Action.ALLOW])
def test_an_undecided_stage_gets_the_configured_answer(answer: Action) -> None:
    """Undecided never means a silent ALLOW; fail-open exists only by name."""
    rules = DecisionRules(0.8, 0.6, undecided_action=answer)
    verdict = decide(report(outcome="undecided", reason="budget"), rules=rules)
    assert verdict.action is answer
    assert "budget" in verdict.reason


def test_enough_evidence_blocks_in_spite_of_an_undecided_stage() -> None:
    """What the other rooms know is not thrown away."""
    assert decide(report(score=0.9), report(StageName.PATTERNS, outcome="undecided")).action is Action.BLOCK


@pytest.mark.parametrize(
    ("kind", "action"), [("response", Action.BLOCK), ("tool_call", Action.BLOCK), ("prompt", Action.ALLOW)]
)
def test_credentials_may_not_leave(kind: str, action: Action) -> None:
    """A credential blocks what goes out; in a prompt it is only redacted."""
    secret = finding(Category.SECRET, span=Span(0, 4))
    verdict = decide(report(findings=(secret,)), event=Event("abcdefgh", kind=kind))
    assert verdict.action is action
    redact = [one for one in verdict.mitigations if one.kind is MitigationKind.REDACT]
    assert redact[0].spans == (Span(0, 4),)


def test_overlapping_redactions_are_merged() -> None:
    """Spans that overlap or touch become one, so that the replacement stands once."""
    found = tuple(
        finding(Category.PERSONAL_DATA, span=span) for span in (Span(6, 9), Span(0, 4), Span(3, 6), Span(11, 12))
    )
    verdict = decide(report(findings=found), event=Event("abcdefghijklm", kind="response"))
    assert verdict.mitigations[0].spans == (Span(0, 9), Span(11, 12))


def test_personal_data_of_the_user_himself_is_left_alone() -> None:
    """Personal data in a prompt asks for nothing."""
    assert decide(report(findings=(finding(Category.PERSONAL_DATA, span=Span(0, 1)),))).mitigations == ()


@pytest.mark.parametrize(("similarity", "proposed"), [(0.2, True), (0.9, False)])
def test_a_blocked_novelty_is_proposed_for_learning(similarity: float, proposed: bool) -> None:
    """Far from every pattern: learn. Near to one: nothing new."""
    patterns = report(StageName.PATTERNS, 0.95, findings=(finding(),), details={"nearest_similarity": similarity})
    assert (decide(patterns).proposal is not None) is proposed


def test_nothing_is_learnt_from_allowed_events_or_secrets() -> None:
    """Only blocked attack text is proposed; credentials never are."""
    assert decide(report(StageName.PATTERNS, 0.1, findings=(finding(),))).proposal is None
    assert decide(report(StageName.PATTERNS, 0.95, findings=(finding(Category.SECRET),))).proposal is None
    assert decide(report(StageName.PATTERNS, 0.95)).proposal is None


def test_noisy_or_stays_a_probability() -> None:
    """Values outside [0, 1] are clamped; nothing gives zero, certainty gives one."""
    assert noisy_or([]) == 0.0
    assert noisy_or([1.0, 0.3]) == 1.0
    assert noisy_or([-3.0, 7.0]) == 1.0
    assert noisy_or([0.5, 0.5]) == pytest.approx(0.75)


def test_what_policies_want_redacted_is_redacted() -> None:
    """`redact(category)` cuts what findings of that category mark, in any kind of event; other findings stay."""
    found = (
        finding(Category.PERSONAL_DATA, 0.9, Span(2, 5)),
        finding(Category.PROMPT_LEAK, 0.1, Span(6, 8)),
    )
    event = Event("a bcd ef", kind="tool_result")

    def text(*obligations: str) -> tuple[str, str]:
        verify = report(StageName.VERIFY, details={"obligations": list(obligations)})
        verdict = decide(report(findings=found), verify, event=event)
        reasons = [one.reason for one in verdict.mitigations if one.kind is MitigationKind.REDACT]
        return verdict.redacted_text("*"), "".join(reasons)

    assert text() == ("a bcd ef", "")
    assert text("notify(secops)", "ask(user)") == ("a bcd ef", "")
    assert text("redact(personal_data)")[0] == "a * ef"
    assert "policies ask for personal_data" in text("redact(personal_data)")[1]
    assert text("redact(personal_data)", "redact(prompt_leak)")[0] == "a * *"
    assert text("redact(secret)") == ("a bcd ef", "")
