"""Shares of events that each look saw."""

from aimds.evaluation import LookShares, evaluate_rows
from aimds.evaluation.rows import LabelledRow
from aimds.records import Action, Event, StageName, StageOutcome, StageReport, Verdict


def verdict(*looks: str, undecided: bool = False) -> Verdict:
    outcome = StageOutcome.UNDECIDED if undecided else StageOutcome.COMPLETE
    reports = (StageReport(StageName.PATTERNS, outcome, details={"looks": looks}),) if looks else ()
    return Verdict(Action.ALLOW, 0.1, 0.9, "known", Event("text"), reports=reports)


def test_shares_are_of_all_events() -> None:
    """An event that never reached the patterns stage counts in the whole."""
    shares = LookShares()
    assert (shares.to_json(), shares.told()) == ({}, "")
    for one in (verdict(), verdict("static"), verdict("static", "student"), verdict("static", "student", "teacher")):
        shares.add(one)
    assert shares.to_json() == {"static": 0.75, "student": 0.5, "teacher": 0.25}
    shares.add(verdict("static", undecided=True))
    assert shares.told() == "static 80.0%, student 40.0%, teacher 20.0%, undecided 20.0%"


class Judge:
    def evaluate(self, event: Event) -> Verdict:
        return verdict("static", "student")

    def session(self, session_id: str) -> "Judge":
        return self


def test_the_quality_report_has_them() -> None:
    """`aimds evaluate --json` prints them."""
    rows = [LabelledRow(id="1", place="line 1", event=Event("x"), attack=False, source="s", category="benign")]
    assert evaluate_rows(Judge(), rows).to_json()["looks"] == {"static": 1.0, "student": 1.0}
