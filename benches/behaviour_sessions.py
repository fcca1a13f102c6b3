"""Seeded generator of labelled sessions: loops, behavioural attacks, and honest sessions that look like them."""

from benches.behaviour_attacks import ANOMALIES, LOOPS, cycle_session
from benches.behaviour_honest import HONEST
from benches.behaviour_text import Turn

__all__ = ["ANOMALIES", "HONEST", "LOOPS", "Turn", "cycle_session"]
