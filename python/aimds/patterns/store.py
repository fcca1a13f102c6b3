"""The pattern store: the user's own patterns beside the shipped seed, searched as one.

SQLite holds the truth (metadata and int8 vectors, write-ahead log); the index file beside it is a cache that is rebuilt
when it is missing, damaged or older than the database. Text is never stored, only its digest.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, Self

import numpy as np

from aimds._core import EmbeddingModel, NormalisedText, PatternIndex, normalise
from aimds.errors import ArtefactError, ConfigurationError, ErrorCode, InputError
from aimds.limits import PATTERNS_MAX
from aimds.patterns.codes import CATEGORY_CODES, STATUS_CODES, PatternStatus, category_bits, status_bits
from aimds.patterns.pattern import PatternMatch, PatternRecord, StoreStats
from aimds.patterns.seed import notes_of
from aimds.patterns.store_file import open_to_read, open_to_write
from aimds.ports import Clock
from aimds.taxonomy import Category

__all__ = ["PatternStore"]

_CATEGORIES: Final = tuple(CATEGORY_CODES)
_STATUSES: Final = tuple(STATUS_CODES)
SOURCE_CHARACTERS_MAX: Final = 256
"""A source is a name or an incident number."""

_NUMBER_DIGITS_MAX: Final = 18
"""More digits may not fit 64 bits."""


class PatternStore:
    """Holds, searches and changes patterns. Safe to share between threads.

    Args:
        embedding: makes the vectors; a store belongs to one embedding.
        clock: dates new patterns.
        path: SQLite file of the own patterns; `None` keeps them in memory only.
        seed: read-only index of the shipped patterns.
        read_only: makes and changes no file; `add` and the like are refused with `store-failed`.

    Raises:
        ArtefactError: `store-failed`, or `artefact-corrupt` when the file is damaged, of another embedding, or of
            another program and then not touched.
        InputError: `input-not-found` for a file to read that is not there.
    """

    def __init__(
        self,
        embedding: EmbeddingModel,
        clock: Clock,
        path: Path | None = None,
        seed: PatternIndex | None = None,
        *,
        read_only: bool = False,
    ) -> None:
        self._embedding = embedding
        self._clock = clock
        self._path = path
        self._seed = seed
        self._read_only = read_only and path is not None
        self._seed_sources: list[str] = [] if seed is None else json.loads(seed.notes)["sources"]
        self._lock = threading.RLock()
        self._place = ":memory:" if path is None else str(path)
        self._generation = 0
        with self._guarded():
            self._database = open_to_read(path) if read_only and path is not None else open_to_write(path)
            try:
                self._check_embedding()
                self._generation = self._fact("generation", 0)
                self._index = self._open_index()
            except BaseException:
                self._database.close()
                raise

    # -- reading -------------------------------------------------------------------------------------------------

    @property
    def embedding(self) -> EmbeddingModel:
        """What makes its vectors."""
        return self._embedding

    @property
    def generation(self) -> int:
        """Grows with every change: whatever was computed from an older one is out of date."""
        return self._generation

    @property
    def holds_own(self) -> bool:
        """Whether there is any pattern besides the shipped ones."""
        return len(self._index) > 0

    def search(
        self,
        text: str | NormalisedText,
        count: int = 10,
        *,
        categories: Sequence[Category] = _CATEGORIES,
        statuses: Sequence[PatternStatus] = (PatternStatus.ACTIVE,),
    ) -> list[PatternMatch]:
        """The stored patterns nearest to a text, best first; a string is normalised first."""
        normalised = normalise(text) if isinstance(text, str) else text
        return self.search_vector(self._embedding.embed(normalised), count, categories=categories, statuses=statuses)

    def search_vector(
        self,
        vector: bytes,
        count: int = 10,
        *,
        categories: Sequence[Category] = _CATEGORIES,
        statuses: Sequence[PatternStatus] = (PatternStatus.ACTIVE,),
        seed: bool = True,
    ) -> list[PatternMatch]:
        """The same for an embedding (little-endian f32); `seed` off looks at own patterns only."""
        category_set, status_set = category_bits(categories), status_bits(statuses)
        found: list[PatternMatch] = []
        for index, prefix in ((self._seed, "seed"), (self._index, "own")):
            if index is not None and len(index) and (seed or prefix == "own"):
                rows, _ = index.search(vector, count, categories=category_set, statuses=status_set)
                found.extend(self._match(prefix, row) for row in rows)
        found.sort(key=lambda match: -match.similarity)
        return found[:count]

    def _match(self, prefix: str, row: tuple[int, float, int, int, float, int]) -> PatternMatch:
        number, similarity, category, status, severity, source = row
        sources = self._seed_sources if prefix == "seed" else ["own"]
        return PatternMatch(
            key=f"{prefix}:{number}",
            similarity=similarity,
            category=_CATEGORIES[category],
            status=_STATUSES[status],
            severity=round(severity, 2),  # the index keeps a byte: 0.8 must not come back as a little more
            source=sources[source] if source < len(sources) else "",
        )

    def records(self, *, category: Category | None = None, status: PatternStatus | None = None) -> list[PatternRecord]:
        """The own patterns, oldest first."""
        with self._guarded():
            rows = self._database.execute(
                "SELECT number, category, status, severity, source, digest, created_ns FROM patterns"
                " WHERE (?1 IS NULL OR category = ?1) AND (?2 IS NULL OR status = ?2) ORDER BY number",
                (category, status),
            ).fetchall()
        return [_record(row) for row in rows]

    def get(self, key: str) -> PatternRecord:
        """One own pattern.

        Raises:
            InputError: `input-not-found`.
        """
        number = _number(key)
        with self._guarded():
            row = self._database.execute(
                "SELECT number, category, status, severity, source, digest, created_ns FROM patterns WHERE number = ?",
                (number,),
            ).fetchone()
        if row is None:
            raise InputError(ErrorCode.INPUT_NOT_FOUND, place=key, reason="the store has no such pattern")
        return _record(row)

    def stats(self) -> StoreStats:
        """Figures about what is stored."""
        by_status: dict[str, int] = {}
        by_category: dict[str, int] = {}
        entries = self._index.entries() + ([] if self._seed is None else self._seed.entries())
        for _, category, status, _, _ in entries:
            by_status[_STATUSES[status]] = by_status.get(_STATUSES[status], 0) + 1
            by_category[_CATEGORIES[category]] = by_category.get(_CATEGORIES[category], 0) + 1
        indexes = [index for index in (self._seed, self._index) if index is not None]
        return StoreStats(
            seed_patterns=0 if self._seed is None else len(self._seed),
            own_patterns=len(self._index),
            by_status=by_status,
            by_category=by_category,
            memory_bytes=sum(sum(index.stats[1:]) for index in indexes),
            generation=self._generation,
        )

    def export(self) -> Iterator[dict[str, Any]]:
        """The own patterns as plain rows: metadata and the int8 vector in hexadecimal; no text."""
        with self._guarded():
            rows = self._database.execute(
                "SELECT number, category, status, severity, source, digest, created_ns, vector FROM patterns"
                " ORDER BY number"
            ).fetchall()
        for *row, vector in rows:
            record = _record(tuple(row))
            yield {
                "key": record.key,
                "category": record.category.value,
                "status": record.status.value,
                "severity": record.severity,
                "source": record.source,
                "digest": record.digest,
                "created_ns": record.created_ns,
                "embedding": self._embedding.fingerprint,
                "vector": vector.hex(),
            }

    # -- changing ------------------------------------------------------------------------------------------------

    def add(
        self,
        text: str | NormalisedText,
        category: Category,
        severity: float,
        source: str = "",
        status: PatternStatus = PatternStatus.SHADOW,
    ) -> PatternRecord:
        """Learns a text, in shadow unless told otherwise. A text that is stored already gets the new marks.

        Raises:
            InputError: `input-bad-value` for a severity or source out of range, or a text without words.
            ConfigurationError: the store is full.
            ArtefactError: `store-failed`.
        """
        if not 0.0 <= severity <= 1.0 or len(source) > SOURCE_CHARACTERS_MAX:
            reason = f"severity is from 0 to 1, source has at most {SOURCE_CHARACTERS_MAX} characters"
            raise InputError(ErrorCode.INPUT_BAD_VALUE, place="pattern", reason=reason)
        normalised = normalise(text) if isinstance(text, str) else text
        vector = np.frombuffer(self._embedding.embed(normalised), dtype="<f4")
        if not vector.any():
            raise InputError(ErrorCode.INPUT_BAD_VALUE, place="pattern", reason="the text has no words")
        digest = hashlib.sha256(normalised.canonical.encode()).hexdigest()
        # Half away from zero, as the kernel rounds.
        whole = (np.sign(vector) * np.floor(np.abs(vector) * 127 + 0.5)).astype(np.int8)
        with self._guarded():
            if len(self._index) >= PATTERNS_MAX:
                raise ConfigurationError(ErrorCode.CONFIGURATION_INVALID, place="pattern", reason="the store is full")
            with self._transaction():
                self._database.execute(
                    "INSERT INTO patterns (digest, category, status, severity, source, created_ns, vector)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (digest) DO UPDATE SET"
                    " category = excluded.category, status = excluded.status, severity = excluded.severity,"
                    " source = excluded.source",
                    (digest, category, status, severity, source, self._clock.now_ns(), whole.tobytes()),
                )
            (number,) = self._database.execute("SELECT number FROM patterns WHERE digest = ?", (digest,)).fetchone()
            self._index.add_batch(
                [number], vector.tobytes(), [CATEGORY_CODES[category]], [STATUS_CODES[status]], [severity], [0]
            )
        return self.get(f"own:{number}")

    def set_status(self, key: str, status: PatternStatus) -> PatternRecord:
        """Moves an own pattern to another status.

        Raises:
            InputError: `input-not-found`.
        """
        record = self.get(key)
        number = _number(key)
        with self._guarded():
            with self._transaction():
                self._database.execute("UPDATE patterns SET status = ? WHERE number = ?", (status, number))
            self._index.set_attributes(
                number, CATEGORY_CODES[record.category], STATUS_CODES[status], record.severity, 0
            )
        return self.get(key)

    def promote(self, key: str) -> PatternRecord:
        """Lets an own pattern's matches count. Raises `InputError` (`input-not-found`)."""
        return self.set_status(key, PatternStatus.ACTIVE)

    def reject(self, key: str) -> PatternRecord:
        """Keeps an own pattern from ever matching. Raises `InputError` (`input-not-found`)."""
        return self.set_status(key, PatternStatus.REJECTED)

    def remove(self, key: str) -> None:
        """Forgets an own pattern. Raises `InputError` (`input-not-found`)."""
        self.get(key)
        number = _number(key)
        with self._guarded():
            with self._transaction():
                self._database.execute("DELETE FROM patterns WHERE number = ?", (number,))
            self._index.remove([number])

    def flush(self) -> None:
        """Writes the index file, so that the next start need not rebuild it. Nothing is lost without it."""
        if self._path is not None and not self._read_only and len(self._index):
            with self._guarded():
                # A saved index carries the generation it stands for; notes are fixed at birth, so it is born again.
                fresh = self._rebuilt() if self._notes_generation() != self._generation else self._index
                fresh.save(self._index_path())
                self._index = fresh

    def close(self) -> None:
        """Writes the index file, unless the store is read only, and closes the database."""
        self.flush()
        with self._guarded():
            self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- inside --------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _guarded(self) -> Iterator[None]:
        with self._lock:
            try:
                yield
            except sqlite3.DatabaseError as error:
                damaged = not isinstance(error, sqlite3.OperationalError)
                code = ErrorCode.ARTEFACT_CORRUPT if damaged else ErrorCode.STORE_FAILED
                raise ArtefactError(code, place=self._place, reason=str(error)) from error

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._database.execute(
                "INSERT INTO facts VALUES ('generation', 1) ON CONFLICT (name) DO UPDATE SET value = value + 1"
            )
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")
        self._generation = self._fact("generation", 0)

    def _fact(self, name: str, default: int) -> int:
        row = self._database.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return default if row is None else int(row[0])

    def _check_embedding(self) -> None:
        if not self._read_only:
            self._database.execute(
                "INSERT INTO facts VALUES ('embedding', ?) ON CONFLICT (name) DO NOTHING",
                (self._embedding.fingerprint,),
            )
        if self._fact("embedding", 0) != self._embedding.fingerprint:
            reason = "its vectors were made by another embedding: export what matters and start a new store"
            raise ArtefactError(ErrorCode.ARTEFACT_CORRUPT, place=self._place, reason=reason)

    def _index_path(self) -> Path:
        return Path(f"{self._place}.index")

    def _notes_generation(self) -> int:
        return int(json.loads(self._index.notes).get("generation", -1))

    def _open_index(self) -> PatternIndex:
        if self._path is not None and self._index_path().exists():
            try:
                self._index = PatternIndex.load(self._index_path())
                fits = self._index.fingerprint == self._embedding.fingerprint
                if fits and self._notes_generation() == self._generation:
                    return self._index
            except (ArtefactError, ValueError):
                pass  # the file is a cache: whatever is wrong with it, the database has all of it
        return self._rebuilt()

    def _rebuilt(self) -> PatternIndex:
        notes = notes_of(["own"], generation=self._generation)
        index = PatternIndex(self._embedding.dimension, self._embedding.fingerprint, notes)
        rows = self._database.execute("SELECT number, category, status, severity, vector FROM patterns").fetchall()
        if rows:
            numbers, categories, statuses, severities, vectors = zip(*rows, strict=True)
            whole = np.frombuffer(b"".join(vectors), dtype=np.int8).astype("<f4") / 127
            index.add_batch(
                numbers,
                whole.tobytes(),
                [CATEGORY_CODES[Category(category)] for category in categories],
                [STATUS_CODES[PatternStatus(status)] for status in statuses],
                severities,
                [0] * len(numbers),
            )
        return index


def _record(row: tuple[Any, ...]) -> PatternRecord:
    number, category, status, severity, source, digest, created_ns = row
    return PatternRecord(
        f"own:{number}", Category(category), PatternStatus(status), severity, source, digest, created_ns
    )


def _number(key: str) -> int:
    prefix, _, number = key.partition(":")
    if prefix != "own" or not number.isdecimal() or len(number) > _NUMBER_DIGITS_MAX:
        reason = "own patterns are named own:<number>; the shipped seed cannot be changed"
        raise InputError(ErrorCode.INPUT_NOT_FOUND, place=key, reason=reason)
    return int(number)
