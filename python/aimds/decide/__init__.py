"""Fuses what the rooms found into one verdict, and keeps what mitigations did to sessions."""

from aimds.decide.gate import GateState, SessionGate
from aimds.decide.stage import DecideStage, DecisionRules

__all__ = ["DecideStage", "DecisionRules", "GateState", "SessionGate"]
