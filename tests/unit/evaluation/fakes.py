"""A judge that reads its verdict from the text: `0.93 block`, `0.4 allow`, `0.6 escalate`, `fault`."""

from aimds.errors import ErrorCode, InputError
from aimds.records import Action, Event, Verdict


class FakeJudge:
    def __init__(self) -> None:
        self.seen: list[Event] = []
        self.sessions: list[str] = []

    def evaluate(self, event: Event) -> Verdict:
        self.seen.append(event)
        if event.text == "fault":
            raise InputError(ErrorCode.INPUT_BAD_EVENT, place="content", reason="as asked")
        score, _, action = event.text.partition(" ")
        verdict_action = Action(action.upper() or "ALLOW")
        return Verdict(verdict_action, float(score), 0.9, "as asked", event, duration_ns=1_000_000)

    def session(self, session_id: str) -> "FakeJudge":
        self.sessions.append(session_id)
        return self
