"""The order of the rooms, their budget, and the edge where a fault becomes an undecided report.

This is the only module that knows every room.
"""

from __future__ import annotations

import difflib
import hashlib
import logging
import os
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final

from aimds._core import EmbeddingModel, RecurrentModel
from aimds.errors import AimdsError, ArtefactError, ConfigurationError, ErrorCode, InputError
from aimds.normalise import NormaliseStage
from aimds.patterns import PatternsStage, models_folder, open_stage
from aimds.patterns.manifest import read_sums
from aimds.patterns.models import load_file
from aimds.policy import Engine, PolicyFile, load
from aimds.policy.checkers import Checker, CommandChecker, EndpointChecker, LeanChecker, NanodaChecker
from aimds.ports import Clock
from aimds.records import Assessment, Event, Room, StageName, StageOutcome, StageReport
from aimds.settings import CheckerKind, PatternsSettings, Settings, SignaturesSettings, VerifySettings
from aimds.signatures import (
    AllowList,
    CanaryTokens,
    RulePackError,
    SignaturesStage,
    build_engine,
    read_packs,
    shipped_packs,
    unknown_regions,
)
from aimds.temporal import RECURRENT_FILE, Recurrent, TemporalStage
from aimds.verify import VerifyStage

__all__ = ["Pipeline", "artefact_digests", "build_rooms"]

_LOG = logging.getLogger("aimds")
_NS_PER_MS: Final = 1_000_000
_MODEL_SUFFIXES: Final = frozenset({".bin", ".onnx", ".patterns", ".safetensors"})
_NAME_CHARACTERS_SHOWN: Final = 64
_MODEL_FILES_MAX: Final = 64  # named in every audit record, which is bounded; a folder of models holds some few


def build_rooms(settings: Settings, canaries: CanaryTokens, clock: Clock) -> tuple[Room, ...]:
    """The shipped rooms in data order, made from the settings.

    Args:
        settings: what the operator chose.
        canaries: planted tokens, looked for in what leaves.
        clock: dates what enters the pattern store.

    Raises:
        ConfigurationError: a rule pack or a policy is wrong.
        InputError: a policy file cannot be read.
        ArtefactError: a model or index file is missing or damaged.
    """
    temporal = settings.temporal
    patterns = _patterns(settings.patterns, clock) if settings.patterns.enabled else None
    recurrent = None
    if temporal.recurrent and patterns is not None and patterns.store is not None:
        folder = models_folder() if settings.patterns.models is None else settings.patterns.models
        recurrent = _recurrent(folder / RECURRENT_FILE, patterns.store.embedding)
    signatures = _signatures(settings.signatures, canaries) if settings.signatures.enabled else None
    if signatures is None:
        _LOG.warning("signatures.enabled = false: credentials, planted tokens and known attacks are not looked for")
    found: tuple[Room | None, ...] = (
        NormaliseStage(),
        signatures,
        TemporalStage(temporal.sessions_max, temporal.session_ttl_s, recurrent=recurrent),
        patterns,
    )
    rooms = tuple(room for room in found if room is not None)
    policies = _policies(settings)
    if not policies:
        return rooms
    verify = VerifyStage(
        [Engine(file) for file in policies],
        rooms_off=_switched_off(settings),
        clock=clock,
        checker=_checker(settings.verify),
        checker_severity=settings.verify.checker_severity,
    )
    return (*rooms, verify)


def _checker(verify: VerifySettings) -> Checker | None:
    """Who besides the own kernel must accept certificates."""
    command, limit_ms = verify.checker_command, verify.checker_ms
    match verify.checker:
        case CheckerKind.NONE:
            return None
        case CheckerKind.STREAM:
            return CommandChecker(command, limit_ms)
        case CheckerKind.NANODA:
            return NanodaChecker(command, limit_ms)
        case CheckerKind.LEAN:
            return LeanChecker(command, limit_ms)
        case CheckerKind.ENDPOINT:
            return EndpointChecker(verify.checker_endpoint or os.environ.get("LEAN_ENDPOINT", ""), limit_ms)


def _switched_off(settings: Settings) -> frozenset[StageName]:
    """Rooms that find things, and that the operator does without."""
    enabled = {StageName.SIGNATURES: settings.signatures.enabled, StageName.PATTERNS: settings.patterns.enabled}
    return frozenset(name for name, is_enabled in enabled.items() if not is_enabled)


def _policies(settings: Settings) -> list[PolicyFile]:
    loaded = []
    for source in settings.verify.policies:
        try:
            loaded.append(load(source))
        except InputError as fault:
            fields = {**fault.fields, "place": f"verify.policies: {fault.fields['place']}"}
            raise InputError(fault.code, **fields) from None
    return loaded


def _patterns(settings: PatternsSettings, clock: Clock) -> PatternsStage:
    return open_stage(
        clock,
        store_path=settings.store,
        cache_entries=settings.cache_entries,
        models_folder=settings.models,
        profile=settings.profile,
        second_look_ms=settings.second_look_ms,
        second_look_threads=settings.second_look_threads,
        classifier_model=settings.classifier_model,
        classifier_labels=settings.classifier_labels,
        classifier_weight=settings.classifier_weight,
    )


def _recurrent(path: Path, embedding: EmbeddingModel) -> Recurrent | None:
    """The recurrent network of the temporal room, on the embedding of the patterns room: no room knows the other."""
    if not path.exists():
        return None  # a shipped set that lacks it has been refused before: its list of checksums names it
    model = load_file(path, RecurrentModel.load)
    if (model.embedding_fingerprint, model.dimension) != (embedding.fingerprint, embedding.dimension):
        raise ArtefactError(ErrorCode.ARTEFACT_CORRUPT, place=str(path), reason="it was trained on another embedding")
    return Recurrent(model, embedding.embed)


def _signatures(settings: SignaturesSettings, canaries: CanaryTokens) -> SignaturesStage:
    allow_list = AllowList(
        texts=settings.allow_texts,
        digests=settings.allow_digests,
        rules=settings.disabled_rules,
        patterns=settings.allow_patterns,
    )
    engine = build_engine([*shipped_packs(), *_own_packs(settings)])
    rules = {*engine.rule_ids, *(f"{rule.partition('.')[0]}.*" for rule in engine.rule_ids)}
    _refuse("signatures.disabled_rules", [rule for rule in settings.disabled_rules if rule not in rules], rules)
    _refuse("signatures.phone_regions", unknown_regions(settings.phone_regions), ())
    return SignaturesStage(engine, allow_list=allow_list, canaries=canaries, phone_regions=settings.phone_regions)


def _own_packs(settings: SignaturesSettings) -> list[tuple[str, str]]:
    try:
        return read_packs(settings.packs)
    except RulePackError as fault:
        raise RulePackError(f"signatures.packs: {fault.fields['place']}", fault.fields["reason"]) from None


def _refuse(setting: str, unknown: Sequence[str], known: Collection[str]) -> None:
    """A name that means nothing is a slip: what its writer wanted would silently not happen."""
    if unknown:
        near = difflib.get_close_matches(unknown[0], known, n=1)
        reason = f"there is no {unknown[0][:_NAME_CHARACTERS_SHOWN]}" + (f"; did you mean {near[0]}?" if near else "")
        raise ConfigurationError(ErrorCode.CONFIGURATION_INVALID, place=setting, reason=reason)


def artefact_digests(settings: Settings) -> tuple[str, dict[str, str]]:
    """What the rooms that the settings make judge by, for the audit trail.

    Returns:
        SHA-256 over the names and texts of all rule packs and policies, and of each model file by its name. An own
        classifier that is fetched from a hub is named without digest.

    Raises:
        ConfigurationError: a rule pack cannot be read, or a policy is wrong.
        InputError: a policy file cannot be read.
        ArtefactError: the list of checksums beside the models is damaged.
    """
    rules = hashlib.sha256()
    policies = [source for file in _policies(settings) for source in file.sources]
    packs = [*shipped_packs(), *_own_packs(settings.signatures)] if settings.signatures.enabled else []
    for name, text in [*packs, *policies]:
        for part in (Path(name).name, text):
            data = part.encode("utf-8", "surrogatepass")
            rules.update(len(data).to_bytes(8, "big") + data)
    models: dict[str, str] = {}
    patterns = settings.patterns
    if patterns.enabled:
        folder = patterns.models if patterns.models is not None else models_folder()
        listed = read_sums(folder)  # loading has compared the files with it
        models |= _file_digests(folder) if listed is None else dict(list(listed.items())[:_MODEL_FILES_MAX])
        if patterns.classifier_model is not None:
            own = Path(patterns.classifier_model)
            found = _file_digests(own) if own.is_dir() else {patterns.classifier_model[:256]: "not hashed"}
            models |= {f"own:{name}": value for name, value in found.items()}
    return rules.hexdigest(), models


def _file_digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.suffix in _MODEL_SUFFIXES and path.is_file())
    digests = {}
    for path in files[:_MODEL_FILES_MAX]:
        with path.open("rb") as stream:
            digests[path.relative_to(folder).as_posix()] = hashlib.file_digest(stream, "sha256").hexdigest()
    return digests


class Pipeline:
    """Walks an event through the rooms.

    Args:
        rooms: in the order an event meets them.
        clock: measures each room.
        budget_ns: time for one event; a room that would start after it leaves the event undecided.
    """

    def __init__(self, rooms: Sequence[Room], clock: Clock, budget_ns: int) -> None:
        self.rooms: Final = tuple(rooms)
        self._clock = clock
        self._budget_ns = budget_ns

    def walk(self, event: Event) -> Assessment:
        """All reports on the event. A room that is certain, or a text that could not be normalised, ends the walk.

        What a person decided is no text to be judged: it goes to the policies alone.
        """
        assessment = Assessment(event)
        rooms = self.rooms
        if event.kind.is_consent:
            rooms = tuple(room for room in rooms if room.name is StageName.VERIFY)
        started_ns = before_ns = self._clock.monotonic_ns()
        for position, room in enumerate(rooms):
            if before_ns - started_ns > self._budget_ns:
                reason = f"budget of {self._budget_ns / _NS_PER_MS:g} ms spent"
                return assessment.with_report(StageReport(room.name, StageOutcome.UNDECIDED, reason=reason))
            assessment = self._enter(room, assessment)
            after_ns = self._clock.monotonic_ns()
            assessment = _timed(assessment, after_ns - before_ns)
            before_ns = after_ns
            last = assessment.reports[-1]
            if last.outcome is StageOutcome.CERTAIN:
                return _skipped(assessment, rooms[position + 1 :])
            if last.stage is StageName.NORMALISE and last.outcome is StageOutcome.UNDECIDED:
                return assessment
        return assessment

    def _enter(self, room: Room, assessment: Assessment) -> Assessment:
        """Runs one room. This is the edge: whatever it raises becomes UNDECIDED, logged without the text."""
        try:
            return room.run(assessment)
        except AimdsError as fault:
            _LOG.error("stage %s: %s", room.name, fault.code.slug)
            reason = fault.code.slug
        except Exception as fault:  # noqa: BLE001 - fail closed: no fault of a room may pass an event or stop the host
            _LOG.error("stage %s: %s", room.name, type(fault).__name__)
            reason = f"internal fault: {type(fault).__name__}"
        return assessment.with_report(StageReport(room.name, StageOutcome.UNDECIDED, reason=reason))


def _timed(assessment: Assessment, duration_ns: int) -> Assessment:
    *earlier, last = assessment.reports
    return Assessment(assessment.event, assessment.text, (*earlier, last.timed(duration_ns)))


def _skipped(assessment: Assessment, rooms: Sequence[Room]) -> Assessment:
    for room in rooms:
        report = StageReport(room.name, StageOutcome.SKIPPED, reason="an earlier stage was certain")
        assessment = assessment.with_report(report)
    return assessment
