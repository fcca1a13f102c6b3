"""Every bound on what comes from outside, with its reason. Kernel limits stand in Rust and a test holds them equal."""

from __future__ import annotations

from typing import Final

__all__ = [
    "APPROVABLE_EVENTS_MAX",
    "APPROVAL_NAME_CHARACTERS_MAX",
    "APPROVAL_SECONDS_MAX",
    "AUDIT_BATCH_MAX",
    "AUDIT_CERTIFICATE_BYTES_MAX",
    "AUDIT_DETAILS_BYTES_MAX",
    "AUDIT_FINDINGS_MAX",
    "AUDIT_NAME_CHARACTERS_MAX",
    "AUDIT_RETIRED_MAX",
    "AUDIT_SENTENCE_CHARACTERS_MAX",
    "AUDIT_SPANS_MAX",
    "AUDIT_TEXT_CHARACTERS_MAX",
    "CERTIFICATES_MS_MAX",
    "DATA_BYTES_MAX",
    "EVENT_CHARACTERS_MAX",
    "EVENT_NAME_CHARACTERS_MAX",
    "FILES_MAX",
    "FILE_BYTES_MAX",
    "FINDINGS_MAX",
    "GZIP_RATIO_MAX",
    "JSONL_ROW_BYTES_MAX",
    "PATTERNS_MAX",
    "POLICY_SESSIONS_MAX",
    "POLICY_SESSIONS_RESTING_MAX",
    "QUARANTINE_SECONDS_MAX",
    "SESSIONS_MAX",
    "SESSION_ID_CHARACTERS_MAX",
]

EVENT_CHARACTERS_MAX: Final = 1_000_000
"""One event. The longest model contexts are a few million characters; at ~10 ms per 100 KB this bounds a verdict to
about a tenth of a second. Longer texts are refused with `input-too-large`, not cut: what is not read is not judged."""

FINDINGS_MAX: Final = 256
"""Findings kept for one event: a reader looks at a handful; a text made of nothing but matches must not fill memory."""

SESSIONS_MAX: Final = 100_000
"""Sessions held in memory by default; at <= 8 KiB each this is <= 800 MiB. The least recently used goes first."""

EVENT_NAME_CHARACTERS_MAX: Final = 1024
"""Id and tool of an event: names of a hundred characters are common, some vendors put a signature into a call's id."""

APPROVAL_SECONDS_MAX: Final = 30 * 24 * 3600
"""How long an approval may count: policies look back on 24 days at most."""

QUARANTINE_SECONDS_MAX: Final = 100 * 366 * 24 * 3600
"""How long a session may be quarantined: a hundred years outlast every session, and can be counted in nanoseconds."""

SESSION_ID_CHARACTERS_MAX: Final = 256
"""A session id is a key, not a payload; the longest common ones (JWT ids, URNs) stay below this."""

FILE_BYTES_MAX: Final = 64 * 1024 * 1024
"""One file given to `scan`: read whole, so it is bounded to what a laptop holds many times over."""

JSONL_ROW_BYTES_MAX: Final = 8 * 1024 * 1024
"""One line of a JSONL file: an event of the maximal length, escaped, fits."""

DATA_BYTES_MAX: Final = 16 * 1024 * 1024 * 1024
"""One labelled corpus, decompressed. It is streamed, so this bounds time, not memory: one night on one core."""

GZIP_RATIO_MAX: Final = 200
"""Bytes out for a byte in. Deflate cannot exceed 1032; JSONL of prompts reaches 3 to 20, and template-made rows 100."""

FILES_MAX: Final = 100_000
"""Files taken from one directory by `scan`: a large repository; more is a wrong path."""

PATTERNS_MAX: Final = 1_000_000
"""Patterns in one index: with 512 bytes a vector and its graph, about a gigabyte."""

APPROVAL_NAME_CHARACTERS_MAX: Final = 256
"""Name of a person who approves: a mail address has at most 254."""

APPROVABLE_EVENTS_MAX: Final = 200
"""Events of one session that an approval can name by their id alone: as many as a policy session remembers."""

CERTIFICATES_MS_MAX: Final = 5_000
"""Time after which no further certificate of one event is begun: each may take the kernel's hard stop of 5 seconds, and
sixteen sets would then hold an event for more than a minute."""

POLICY_SESSIONS_MAX: Final = 1_000
"""Policy sessions held whole; each keeps at most 2 MiB of its texts for each set. The least recently used rest."""

POLICY_SESSIONS_RESTING_MAX: Final = 20_000
"""Policy sessions of which only windows and counts are kept: mostly below a kilobyte."""

AUDIT_FINDINGS_MAX: Final = 32
"""Findings in one audit record, gravest first; how many were left out is said. With the bounds below, and 12 bytes a
character at worst (`\\ud83d\\ude00`), a record stays within the mebibyte that a line of a trail may have."""

AUDIT_SENTENCE_CHARACTERS_MAX: Final = 300
"""A reason or message in an audit record: the longest of ours have about 150 characters."""

AUDIT_NAME_CHARACTERS_MAX: Final = 256
"""A session id, tool, rule or detector in an audit record; as long as a session id may be."""

AUDIT_DETAILS_BYTES_MAX: Final = 1024
"""The measurements of one finding in an audit record; more is left out and said."""

AUDIT_SPANS_MAX: Final = 256
"""Spans of one mitigation in an audit record: as many as an event may have findings."""

AUDIT_TEXT_CHARACTERS_MAX: Final = 8192
"""Text kept in an audit record, where the operator keeps it: the beginning, for a person; the digest covers all."""

AUDIT_CERTIFICATE_BYTES_MAX: Final = 256 * 1024
"""A certificate inside an audit record. Certificates of 200 events have a few kilobytes without their stream."""

AUDIT_RETIRED_MAX: Final = 10_000
"""Records that one checkpoint drops: some tenths of a second, for which a verdict waits. Later ones drop the rest."""

AUDIT_BATCH_MAX: Final = 256
"""Records that one transaction writes for threads that wait together: more would make the first wait for the last."""
