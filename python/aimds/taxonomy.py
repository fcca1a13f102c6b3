"""The categories of findings, each with the ids that other people file it under.

Sources: OWASP Top 10 for LLM applications 2025 and 2026 (the 2026 list renumbers), OWASP Agentic Top
10 2026, MITRE ATLAS.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

__all__ = ["Category", "entry", "TAXONOMY", "TaxonomyEntry"]


class Category(StrEnum):
    """What a finding is about."""

    INSTRUCTION_OVERRIDE = "instruction_override"
    INDIRECT_INJECTION = "indirect_injection"
    JAILBREAK_ROLEPLAY = "jailbreak_roleplay"
    PROMPT_LEAK = "prompt_leak"
    TOOL_ABUSE = "tool_abuse"
    DATA_EXFILTRATION = "data_exfiltration"
    ENCODING_OBFUSCATION = "encoding_obfuscation"
    FORGED_MARKUP = "forged_markup"
    SELF_REPLICATION = "self_replication"
    SECRET = "secret"  # noqa: S105 - the name of a category, not a password
    PERSONAL_DATA = "personal_data"
    CANARY_LEAK = "canary_leak"
    MANIPULATION_LOOP = "manipulation_loop"
    BEHAVIOURAL_ANOMALY = "behavioural_anomaly"
    MULTI_TURN_ESCALATION = "multi_turn_escalation"
    HARMFUL_REQUEST = "harmful_request"
    RESOURCE_ABUSE = "resource_abuse"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class TaxonomyEntry:
    """One category: what it means, and its ids elsewhere (empty where a list has no place for it)."""

    category: Category
    summary: str
    owasp_llm_2025: tuple[str, ...]
    owasp_llm_2026: tuple[str, ...]
    owasp_agentic_2026: tuple[str, ...]
    atlas: tuple[str, ...]


def _row(category: Category, summary: str, y2025: str, y2026: str, agentic: str, atlas: str) -> TaxonomyEntry:
    def ids(prefix: str, text: str, suffix: str = "") -> tuple[str, ...]:
        return tuple(f"{prefix}{number}{suffix}" for number in text.split())

    return TaxonomyEntry(
        category,
        summary,
        ids("LLM", y2025, ":2025"),
        ids("LLM", y2026, ":2026"),
        ids("ASI", agentic),
        ids("AML.", atlas),
    )


_ROWS: Final = (
    _row(
        Category.INSTRUCTION_OVERRIDE,
        "orders the model to drop or replace its instructions",
        "01",
        "01",
        "01",
        "T0051.000",
    ),
    _row(
        Category.INDIRECT_INJECTION,
        "an instruction to the model inside a document or tool result",
        "01",
        "01",
        "01",
        "T0051.001 T0099",
    ),
    _row(
        Category.JAILBREAK_ROLEPLAY,
        "a persona, story or mode meant to lift the model's limits",
        "01",
        "01",
        "01 09",
        "T0054",
    ),
    _row(Category.PROMPT_LEAK, "asks for the system prompt or other hidden context", "07", "08", "01", "T0056 T0069"),
    _row(
        Category.TOOL_ABUSE,
        "makes the model call tools or run code against its user",
        "06",
        "03",
        "02 05",
        "T0053 T0101",
    ),
    _row(
        Category.DATA_EXFILTRATION, "carries data out by link, image, mail or tool", "02", "02", "02 03", "T0057 T0086"
    ),
    _row(
        Category.ENCODING_OBFUSCATION,
        "hides text by encoding, invisible or look-alike characters",
        "01",
        "01",
        "01",
        "T0068",
    ),
    _row(
        Category.FORGED_MARKUP,
        "imitates chat templates, system tags or tool output",
        "01",
        "01",
        "01 07",
        "T0051 T0067",
    ),
    _row(Category.SELF_REPLICATION, "an instruction that makes the model pass it on", "01", "01", "06 08 10", "T0061"),
    _row(Category.SECRET, "a credential or key in the text", "02", "02", "03", "T0057 T0098"),
    _row(Category.PERSONAL_DATA, "data that identifies a person", "02", "02", "03", "T0057"),
    _row(Category.CANARY_LEAK, "a planted token came back: hidden context has leaked", "07", "08", "01", "T0056"),
    _row(
        Category.MANIPULATION_LOOP,
        "the session repeats itself: prompts, tool calls or replies in a cycle",
        "10",
        "06",
        "08 10",
        "T0034 T0029",
    ),
    _row(
        Category.BEHAVIOURAL_ANOMALY, "the session departs from how it behaved so far", "10", "06", "10", "T0093 T0094"
    ),
    _row(Category.MULTI_TURN_ESCALATION, "an attack spread over several turns", "01", "01", "01 09", "T0054 T0080.001"),
    _row(Category.HARMFUL_REQUEST, "a plain request for harmful content", "", "", "09", "T0054"),
    _row(Category.RESOURCE_ABUSE, "an input made to exhaust time, tokens or memory", "10", "06", "08", "T0029 T0034"),
    _row(Category.UNDECIDED, "a stage could not finish; fail closed", "", "", "", ""),
)

TAXONOMY: Final[dict[Category, TaxonomyEntry]] = {row.category: row for row in _ROWS}


def entry(category: Category) -> TaxonomyEntry:
    """The taxonomy entry of a category."""
    return TAXONOMY[category]
