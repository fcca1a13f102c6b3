"""The patterns room: how likely the event is an attack, and which known attack it resembles."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from aimds._core import Classifier, ClassifierResult, NormalisedText
from aimds.patterns.codes import PatternStatus
from aimds.patterns.looks import Looks
from aimds.patterns.pattern import PatternMatch
from aimds.patterns.second_look import Opinion
from aimds.patterns.store import PatternStore
from aimds.records import Assessment, Event, Finding, Span, StageName, StageOutcome, StageReport, Trust
from aimds.redaction import UntrustedText
from aimds.taxonomy import Category

__all__ = ["PatternsStage", "SEED_LOOK_UP_MIN", "StageThresholds"]

_NEIGHBOURS: Final = 5
_CLASSIFIER_SEVERITY: Final = 0.7
"""The classifier knows that it is an attack, not how bad: high, and never critical by itself."""

_CATEGORY_MIN: Final = 0.3
"""Below it the category outputs say nothing, and the trust label decides."""

_HARMFUL_SEVERITY: Final = 0.4
"""A plain harmful question is the model's own to refuse; it is shown and does not score."""


SEED_LOOK_UP_MIN: Final = 0.15
"""Probability from which the shipped patterns are looked up, and the best window besides the whole text. The classifier
was trained on what ships, so below it hardly anything there is near (`python -m training.seed_patterns` counts the rows
that lose a finding), and ordinary traffic is spared the look-up."""

_MARGIN_MAX: Final = 20.0
"""Logits are cut there: a larger margin would silence the look."""
_SHORT_CHARACTERS_MAX: Final = 5
"""A single short word ("Next", "Hello") has no wording to judge; the rules and the session still see it."""


@dataclass(frozen=True, slots=True)
class StageThresholds:
    """Where evidence becomes a finding. Training measures the values and ships them with the head."""

    classifier: float = 0.5
    """Probability from which the classifier's opinion is a finding."""
    similarity: float = 0.92
    """Cosine from which the nearest pattern is a finding."""
    certain_similarity: float = 0.97
    """Cosine from which a pattern of more than `certain_severity` ends the walk."""
    certain_severity: float = 0.8
    by_category: Mapping[Category, float] = field(default_factory=dict)
    """Cosines of single categories, instead of `similarity`."""
    alone_margin: float = 0.0
    """Logits taken off the first look's opinion where no second look follows it (profile `fast`)."""

    @classmethod
    def from_training(cls, values: Mapping[str, Any]) -> StageThresholds:
        """Takes what it knows from the head's metadata: `finding`, `alone_margin`, and the cosines of `nearest`.

        Raises:
            ValueError: a value is no number in [0, 1], or the margin none in [0, 20].
        """
        base = cls()
        nearest = values.get("nearest", {})
        known = {category.value for category in Category}
        return cls(
            classifier=_share(values.get("finding", base.classifier)),
            similarity=_share(nearest.get("default", base.similarity)),
            certain_similarity=_share(nearest.get("certain", base.certain_similarity)),
            by_category={Category(name): _share(value) for name, value in nearest.items() if name in known},
            alone_margin=_margin(values.get("alone_margin", base.alone_margin)),
        )


def _share(value: Any) -> float:
    number = float(value)
    if not 0.0 <= number <= 1.0:
        raise ValueError(f"a threshold must be in [0, 1], got {number}")
    return number


def _margin(value: Any) -> float:
    number = float(value)
    if not 0.0 <= number <= _MARGIN_MAX:
        raise ValueError(f"alone_margin must be in [0, {_MARGIN_MAX:.0f}] logits, got {number}")
    return number


class PatternsStage:
    """Runs the classifier and the pattern search over one event.

    Args:
        classifier: the trained head on its embedding.
        store: known patterns; shadow ones are recorded in the report's details and change nothing.
        thresholds: where evidence becomes a finding.
        cache_entries: results remembered by text and context; 0 remembers none.
        looks: what is asked besides the classifier; nothing by default.
    """

    name = StageName.PATTERNS

    def __init__(
        self,
        classifier: Classifier,
        store: PatternStore | None = None,
        thresholds: StageThresholds | None = None,
        cache_entries: int = 4096,
        looks: Looks | None = None,
    ) -> None:
        self._classifier = classifier
        self._store = store
        self._thresholds = thresholds or StageThresholds()
        self._cache_entries = cache_entries
        self._looks = looks if looks is not None else Looks()
        self._cache: OrderedDict[tuple[object, ...], StageReport] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def store(self) -> PatternStore | None:
        """The pattern store, if there is one."""
        return self._store

    @property
    def uses_transformers(self) -> bool:
        """Whether an event may take milliseconds here."""
        return self._looks.uses_transformers

    def describe(self) -> dict[str, Any]:
        """The profile, its models, and what each look saw, for `aimds doctor`."""
        return self._looks.describe()

    def run(self, assessment: Assessment) -> Assessment:
        """Adds the stage's report. Raises `ArtefactError` when the store fails."""
        event = assessment.event
        key = self._key(event)
        report = self._remembered(key)
        if report is None:
            report = self._judge(event, assessment.text if assessment.text is not None else event.text)
            if report.outcome is not StageOutcome.UNDECIDED:  # a fault may pass
                self._remember(key, report)
        return assessment.with_report(report)

    def _key(self, event: Event) -> tuple[object, ...]:
        # The whole digest, not a hash of it: two texts that collide would share a verdict.
        digest = hashlib.sha256(event.text.encode("utf-8", "surrogatepass")).digest()
        return digest, event.kind, event.role, event.trust, self._store.generation if self._store else 0

    def _remembered(self, key: tuple[object, ...]) -> StageReport | None:
        with self._lock:
            report = self._cache.get(key)
            if report is not None:
                self._cache.move_to_end(key)
        return report

    def _remember(self, key: tuple[object, ...], report: StageReport) -> None:
        if self._cache_entries > 0:
            with self._lock:
                self._cache[key] = report
                while len(self._cache) > self._cache_entries:
                    self._cache.popitem(last=False)

    def _judge(self, event: Event, text: str | NormalisedText) -> StageReport:
        if not event.text.strip():
            details = {"probability": 0.0, "nearest_similarity": None}
            return StageReport(self.name, StageOutcome.COMPLETE, details=details)
        result = self._classifier.score(text, kind=event.kind, role=event.role, trust=event.trust)
        if len(event.text) <= _SHORT_CHARACTERS_MAX:
            details = {"probability": result.probability, "nearest_similarity": None, "short": True}
            return StageReport(self.name, StageOutcome.COMPLETE, details=details)
        opinion = self._looks.judge(text, result)
        active, shadow = self._nearest(result, max(result.probability, opinion.probability))
        findings = [*self._opinions(event, result, opinion), *self._resemblance(event, result, active)]
        resembles = max((one.confidence for one in findings if one.detector == "patterns.nearest"), default=0.0)
        outcome, reason = self._outcome(active, opinion)
        return StageReport(
            self.name,
            outcome,
            findings=tuple(findings),
            score=max(opinion.probability, resembles),
            reason=reason,
            details=_details(result, opinion, active, shadow),
        )

    def _outcome(self, active: PatternMatch | None, opinion: Opinion) -> tuple[StageOutcome, str]:
        """A fault of a transformer leaves the event undecided, unless a known pattern is certain all the same."""
        if active is not None and self._is_certain(active):
            return StageOutcome.CERTAIN, f"known pattern {active.key}"
        if opinion.fault:
            return StageOutcome.UNDECIDED, f"second look failed: {opinion.fault}"
        return StageOutcome.COMPLETE, ""

    def _nearest(self, result: ClassifierResult, probability: float) -> tuple[PatternMatch | None, PatternMatch | None]:
        """The best active and the best shadow pattern over the embeddings that the classifier looked at."""
        # Own patterns are always looked up: the classifier does not know them. It was trained on those that ship.
        suspected = probability >= SEED_LOOK_UP_MIN
        if self._store is None or not (suspected or self._store.holds_own):
            return None, None
        best: dict[PatternStatus, PatternMatch] = {}
        for vector in result.embeddings if suspected else result.embeddings[:1]:
            for status in (PatternStatus.ACTIVE, PatternStatus.SHADOW):
                found = self._store.search_vector(vector, _NEIGHBOURS, statuses=(status,), seed=suspected)
                for match in found[:1]:
                    if status not in best or match.similarity > best[status].similarity:
                        best[status] = match
        return best.get(PatternStatus.ACTIVE), best.get(PatternStatus.SHADOW)

    def _opinions(self, event: Event, result: ClassifierResult, opinion: Opinion) -> list[Finding]:
        findings = []
        outputs = dict(result.outputs)
        outputs.pop(Category.HARMFUL_REQUEST, None)
        outputs.pop("attack", None)
        threshold = self._thresholds.classifier
        if opinion.probability >= threshold:
            category = _category(outputs, event)
            findings.append(
                Finding(
                    detector="patterns.classifier",
                    rule_id=f"classifier/{category.value}",
                    category=category,
                    severity=_CLASSIFIER_SEVERITY,
                    confidence=opinion.probability,
                    message="reads like a known kind of attack",
                    threshold=threshold,
                    details={"outputs": outputs},
                    **_place(event, opinion),
                )
            )
        elif opinion.harmful >= threshold:
            findings.append(
                Finding(
                    detector="patterns.classifier",
                    rule_id="classifier/harmful_request",
                    category=Category.HARMFUL_REQUEST,
                    severity=_HARMFUL_SEVERITY,
                    confidence=opinion.harmful,
                    message="asks plainly for something harmful",
                    threshold=threshold,
                    **_place(event, opinion),
                )
            )
        return findings

    def _resemblance(self, event: Event, result: ClassifierResult, match: PatternMatch | None) -> list[Finding]:
        if match is None:
            return []
        threshold = self._thresholds.by_category.get(match.category, self._thresholds.similarity)
        if match.similarity < threshold:
            return []
        # From 0.5 at the threshold to 1 at equality.
        confidence = min(1.0, 0.5 + 0.5 * (match.similarity - threshold) / max(1e-6, 1.0 - threshold))
        return [
            Finding(
                detector="patterns.nearest",
                rule_id=match.key,
                category=match.category,
                severity=match.severity,
                confidence=confidence,
                message="resembles a known attack",
                threshold=threshold,
                details={"similarity": match.similarity, "source": match.source},
                **_place(event, result),
            )
        ]

    def _is_certain(self, match: PatternMatch) -> bool:
        thresholds = self._thresholds
        return match.severity > thresholds.certain_severity and match.similarity >= thresholds.certain_similarity


def _category(outputs: Mapping[str, float], event: Event) -> Category:
    known = [(value, name) for name, value in outputs.items() if name in set(Category)]
    if known:
        value, name = max(known)
        if value >= _CATEGORY_MIN:
            return Category(name)
    return Category.INDIRECT_INJECTION if event.trust is Trust.UNTRUSTED else Category.INSTRUCTION_OVERRIDE


def _place(event: Event, seen: ClassifierResult | Opinion) -> dict[str, Any]:
    span = Span(seen.start, seen.end)
    return {"span": span, "chain": tuple(seen.chain), "evidence": UntrustedText(span.of(event.text))}


def _details(
    result: ClassifierResult, opinion: Opinion, active: PatternMatch | None, shadow: PatternMatch | None
) -> dict[str, Any]:
    return {
        "probability": opinion.probability,
        "logit": result.logit,
        "looks": tuple(opinion.logits),
        **{f"{look}_logit": logit for look, logit in opinion.logits.items()},
        "windows_read": opinion.windows,
        "windows_all": opinion.windows_all,
        "windows": result.windows,
        "outputs": dict(result.outputs),
        "nearest_similarity": active.similarity if active is not None else None,
        "nearest_pattern": active.key if active is not None else None,
        "shadow_similarity": shadow.similarity if shadow is not None else 0.0,
        "shadow_pattern": shadow.key if shadow is not None else None,
    }
