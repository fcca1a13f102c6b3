"""Twin of the session kernel: the same rules over plain lists, kept whole, in double precision.

Text features that need the cue word list (cues, payload fingerprints) are taken from the kernel; hashes, counts and all
session rules are worked out here again.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

__all__ = ["Answer", "Features", "SessionTwin", "text_features"]

MASK = 2**64 - 1
PRIME = 0x100000001B3
FULL = 8
PERIODS = 8
FILTER_BITS = 256 * 64
INPUTS, OUTPUTS, CALLS, RESULTS = range(4)
LANE_OF = {"prompt": INPUTS, "document": RESULTS, "response": OUTPUTS, "tool_call": CALLS, "tool_result": RESULTS}

# ---- features ---------------------------------------------------------------------------------------------------


def mix(value: int) -> int:
    """The splitmix64 finaliser."""
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & MASK
    return value ^ (value >> 31)


def hash_text(text: str) -> int:
    """FNV-1a over code points, mixed."""
    state = 0xCBF29CE484222325
    for letter in text:
        state = ((state ^ ord(letter)) * PRIME) & MASK
    return mix(state)


def combine(first: int, second: int) -> int:
    """Hash of an ordered pair of hashes."""
    return mix((((first << 17) | (first >> 47)) & MASK) ^ ((second * PRIME) & MASK))


def fold(value: int) -> int:
    """32 bits of a hash, never zero."""
    return max(1, (value ^ (value >> 32)) & 0xFFFFFFFF)


def _alone(letter: str) -> bool:
    code = ord(letter)
    ranges = ((0xE00, 0xEFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x3040, 0x30FF), (0x3400, 0x9FFF), (0xF900, 0xFAFF))
    return any(low <= code <= high for low, high in ranges) or 0x20000 <= code <= 0x3FFFF


def words_of(folded: str) -> list[str]:
    """Words of a case-folded text: runs of letters, digits and underscores; single characters in some scripts."""
    words, word = [], ""
    for letter in folded + " ":
        if _alone(letter):
            words += [word, letter]
            word = ""
        elif letter.isalnum() or letter == "_":
            word += letter
        else:
            words.append(word)
            word = ""
    return [word for word in words if word]


def text_features(text: str) -> dict[str, int]:
    """`exact`, `simhash`, `masked`, `number`, `head`, `tail`, `length` and `words` of a text."""
    folded = "".join(letter.lower() for letter in text)
    collapsed = " ".join(folded.split())
    masked, numbers, digits = "", [], ""
    for letter in collapsed + "\0":
        if letter in "0123456789":
            digits += letter
            continue
        if digits:
            numbers.append(min(int(digits), MASK))
            masked, digits = masked + "#", ""
        masked += letter
    words = words_of(folded)
    balance = [0] * 64
    seen: set[int] = set()
    for word in words:
        value = hash_text(word)
        bits = {value % FILTER_BITS, (value >> 32) % FILTER_BITS}
        if bits <= seen:
            continue  # seen before, or taken for it by the kernel's Bloom filter
        seen |= bits
        weight = 1 if len(word) <= 3 else 2
        for bit in range(64):
            balance[bit] += weight if value >> bit & 1 else -weight
    head = tail = 0
    hashes = [0 if set(word) <= set("0123456789_") else hash_text(word) for word in words]
    for value in hashes[:3]:
        head = combine(head, value)
    for value in [0, 0, 0, *hashes][-3:]:
        tail = combine(tail, value)
    return {
        "head": fold(head),
        "tail": fold(tail),
        "exact": hash_text(collapsed),
        "masked": hash_text(masked[:-1]),
        "number": min(sum(numbers), MASK),
        "simhash": sum(1 << bit for bit in range(64) if balance[bit] > 0),
        "length": len(text),
        "words": len(words),
    }


# ---- session ----------------------------------------------------------------------------------------------------


@dataclass
class Features:
    """What the session remembers of an event."""

    exact: int
    simhash: int
    masked: int
    number: int
    length: int
    words: int
    head: int
    tail: int
    tool: int
    risk: float
    dialog: int
    cues: frozenset[str]
    payloads: tuple[int, ...]
    kind: str
    role: str


@dataclass
class Loop:
    """The strongest loop."""

    kind: str = ""
    period: int = 0
    repeats: int = 0
    confidence: float = 0.0
    honest: str = ""


@dataclass
class Answer:
    """What the twin says of one event."""

    loop: Loop
    anomaly: str
    anomaly_confidence: float
    trajectory: str
    trajectory_confidence: float
    session_risk: float


def sureness(strength: float) -> float:
    """Confidence of independent evidence."""
    return 1 - math.exp(-max(0.0, strength))


def evidence(now: Features, before: Features, counts: bool) -> int:
    """Eighths of an event that say `now` repeats `before`."""
    if now.tool != before.tool:
        return -FULL
    if now.exact == before.exact:
        return FULL
    if now.masked == before.masked:
        return -FULL if counts and now.number > before.number else FULL - 1
    words = min(now.words, before.words)
    if words < 4:
        return -FULL
    raw = ((17 if words < 8 else 20) - (now.simhash ^ before.simhash).bit_count()) * FULL
    return max(-FULL, min(FULL - 1, int(raw / 6)))


@dataclass
class Lane:
    """One lane with everything that ever happened in it."""

    turns: list[Features] = field(default_factory=list)
    facts: list[dict[str, bool]] = field(default_factory=list)
    scores: list[int] = field(default_factory=lambda: [0] * PERIODS)
    runs: list[int] = field(default_factory=lambda: [0] * PERIODS)
    hits: list[list[bool]] = field(default_factory=lambda: [[] for _ in range(PERIODS)])
    length_mean: float = 0.0
    between: set[str] = field(default_factory=set)
    time_ns: int = 0

    def push(self, turn: Features, gap_ns: int | None, counts: bool) -> int:
        best = -FULL
        for place in range(min(PERIODS, len(self.turns))):
            gain = evidence(turn, self.turns[-1 - place], counts)
            best = max(best, gain)
            self.hits[place].append(gain > 0)
            lost = not any(self.hits[place][-4:])
            score = max(0, min(240 * 8, self.scores[place] + gain))
            self.scores[place] = 0 if lost else score
            self.runs[place] = min(240, self.runs[place] + 1) if self.scores[place] else 0
        before = self.turns[-1] if self.turns else None
        self.length_mean += (turn.length - self.length_mean) * (0.25 if self.turns else 1.0)
        self.turns.append(turn)
        self.facts.append(
            {
                "fast": gap_ns is not None and gap_ns < 10**9,
                "routine": "routine" in turn.cues,
                "exact": best == FULL,
                "refusal": "refusal" in turn.cues,
                "varied": best < FULL,
                "varied head": before is not None and best < FULL and turn.head == before.head,
                "varied tail": before is not None and best < FULL and turn.tail == before.tail,
                **{name: name in self.between for name in ("answered", "novel", "stale", "failed", "pending")},
            }
        )
        self.between = set()
        return best

    def share(self, fact: str, window: int) -> float:
        window = max(1, min(64, window))
        return sum(facts[fact] for facts in self.facts[-window:]) / window

    def period(self) -> tuple[int, int, float] | None:
        best = max(self.scores)
        strong = [
            (place + 1, score, min(1.0, score / (FULL * max(1, run))))
            for place, (score, run) in enumerate(zip(self.scores, self.runs, strict=True))
            if score > 0 and score * 5 >= best * 4
        ]
        purest = max((purity for _, _, purity in strong), default=0.0)
        return next((row for row in strong if row[2] >= 0.9 * purest), None)


def half_up(value: float) -> int:
    """Rounds to the nearest, halves away from zero."""
    return math.floor(value + 0.5)


class SessionTwin:
    """One session."""

    def __init__(self) -> None:
        self.lanes = [Lane() for _ in range(4)]
        self.last_ns: int | None = None
        self.events = 0
        self.doubt = 0
        self.call_beat, self.prompt_beat = Beat(), Beat()
        self.drift = DriftTwin()
        self.columns = [[0.0] * 4 for _ in TEMPLATES]
        self.payloads: list[dict[str, float]] = []
        self.payload_next = 0
        self.tally: list[list[int]] = [[0, 0] for _ in range(8)]
        self.tally_since = 0
        self.last_call = 0
        self.prompt: Features | None = None
        self.refused = False
        self.risk = 0.0

    def analyze(self, turn: Features, time_ns: int | None) -> Answer:
        """Takes in an event."""
        where = RESULTS if turn.role == "system" and turn.kind == "prompt" else LANE_OF[turn.kind]
        gap = self._gap(turn.kind, where, time_ns)
        best = self.lanes[where].push(turn, gap, where == CALLS)
        self.events += 1
        self._tell(turn, where, best)
        loop = self._judge(turn, where, gap, best)
        replication = self._replication(turn, where)
        if replication.confidence > loop.confidence:
            loop = replication
        trajectory, trajectory_confidence, anomaly, anomaly_confidence = "", 0.0, "", 0.0
        if turn.kind == "prompt" and turn.role != "system":
            trajectory, trajectory_confidence, anomaly, anomaly_confidence = self._prompt(turn, gap)
        if where == OUTPUTS:
            self.refused = "refusal" in turn.cues and turn.length < 600
        self.risk = max(self.risk * 0.97, loop.confidence, anomaly_confidence, trajectory_confidence)
        return Answer(loop, anomaly, anomaly_confidence, trajectory, trajectory_confidence, self.risk)

    def _gap(self, kind: str, where: int, time_ns: int | None) -> int | None:
        now, last = -1 if time_ns is None else time_ns, self.last_ns
        quick = last is not None and last >= 0 and now >= 0 and 0 <= now - last < 5_000_000
        if kind in ("response", "tool_call") and quick:
            self.doubt = 16
        else:
            self.doubt = max(0, self.doubt - 1)
        self.last_ns = now
        lane = self.lanes[where]
        before, lane.time_ns = lane.time_ns, now
        if not lane.turns or self.doubt or now < before or before < 0:
            return None
        return now - before

    def _tell(self, turn: Features, where: int, best: int) -> None:
        novel = best < FULL if where == RESULTS else best < 5
        hears = {CALLS: (RESULTS,), OUTPUTS: (INPUTS, RESULTS), INPUTS: (OUTPUTS, RESULTS), RESULTS: ()}
        for other, sources in hears.items():
            if where in sources:
                told = {"answered"}
                told |= {"novel"} if novel else set()
                long = turn.words >= 8 and "refusal" not in turn.cues
                told |= {"stale"} if where == OUTPUTS and long and not novel else set()
                told |= {"failed"} if turn.kind == "tool_result" and "error" in turn.cues else set()
                told |= {"pending"} if turn.kind == "tool_result" and "pending" in turn.cues else set()
                self.lanes[other].between |= told

    def _judge(self, turn: Features, where: int, gap: int | None, best: int) -> Loop:
        lane = self.lanes[where]
        if where == RESULTS:
            working = {"pending", "error"} & turn.cues or self.call_beat.steady(2, 0.9e9)
            answers = turn.kind == "tool_result" and self.last_call
            return Loop() if best < FULL or not answers or working else self._stale()
        if where == CALLS:
            self.last_call = combine(turn.tool, turn.exact)
            if gap is not None:
                self.call_beat.push(gap)
        found = lane.period()
        if found is None:
            return Loop()
        period, score, purity = found
        events = score / 8
        window = max(1, half_up(events))
        matched = events / math.sqrt(period) * min(1.0, purity / 0.6)
        share = {fact: lane.share(fact, window) for fact in lane.facts[-1]}
        if where == INPUTS:
            output = self.lanes[OUTPUTS].period()
            kind, strength, honest = _inputs(
                share, lane, matched, period, output is not None and output[1] >= 16, turn.role == "agent"
            )
        elif where == CALLS:
            kind, (strength, honest) = "tool-loop", _calls(share, matched, period, self.call_beat)
        else:
            kind, (strength, honest) = "output-stagnation", _outputs(share, matched, turn.length)
        repeats = half_up(events / period) + 1
        bounds = [sureness(strength)] + [0.6] * (repeats < 3) + [0.6] * bool(honest)
        return Loop(kind, period, repeats, min(bounds), honest)

    def _stale(self) -> Loop:
        self.tally_since += 1
        if self.tally_since >= 48:
            self.tally_since = 0
            for row in self.tally:
                row[1] //= 2
        row = next((row for row in self.tally if row[0] == self.last_call), None)
        if row is None:
            row = min(self.tally, key=lambda row: row[1])
            row[:] = [self.last_call, 0]
        row[1] += 1
        return Loop("tool-loop", 0, row[1] + 1, sureness(0.4 * (row[1] - 1.5)))

    def _replication(self, turn: Features, where: int) -> Loop:
        if turn.kind == "prompt" and turn.role in ("user", "system"):
            return Loop()
        risk = int(max(turn.risk, 0.35 if "override" in turn.cues else 0.0) * 255)
        best = Loop()
        for fingerprint in turn.payloads:
            held = next((row for row in self.payloads if row["fingerprint"] == fingerprint), None)
            if held is None:
                row = {"fingerprint": fingerprint, "risk": risk, "lane": where, "hops": 0}
                if len(self.payloads) < 32:
                    self.payloads.append(row)
                else:
                    self.payloads[self.payload_next] = row
                self.payload_next = (self.payload_next + 1) % 32
                continue
            held["risk"] = max(held["risk"], risk)
            if held["lane"] != where:
                held["lane"], held["hops"] = where, held["hops"] + 1
                hops, level = min(4, held["hops"]), held["risk"] / 255
                confidence = min(0.6, 0.25 + 0.1 * hops) if level < 0.3 else 1 - math.exp(-1.15 * hops - 1.6 * level)
                if confidence > best.confidence:
                    best = Loop("self-replication", 1, int(held["hops"]) + 1, confidence)
        return best

    def _prompt(self, turn: Features, gap: int | None) -> tuple[str, float, str, float]:
        escalation, growth, outlier, rise = self.drift.push(turn)
        burst, regular, drip = self.prompt_beat.prompt(gap, turn.risk)
        similar = 0.0
        if self.prompt is not None:
            bits = (turn.simhash ^ self.prompt.simhash).bit_count()
            similar = max(0.0, min(0.5, 1 - bits / 26)) * 2
        cue = [float(any(name in turn.cues for name in names)) for names in SYMBOL_CUES]
        symbol = [turn.risk, rise, similar, float(self.refused), *cue[:6], min(1.0, turn.dialog / 24), cue[6]]
        self.prompt, self.refused = turn, False
        name, confidence, progress = "", 0.0, 0.0
        for template, column in zip(TEMPLATES, self.columns, strict=True):
            found, reached = _align(template, column, symbol)
            if found > confidence or (confidence < 0.05 and reached > progress):
                name, confidence, progress = template[0], found, reached
        scores = {
            "burst": min(0.95, burst),
            "machine-cadence": min(0.95, regular),
            "slow-drip": drip,
            "risk-escalation": escalation,
            "length-growth": min(0.95, growth),
            "length-outlier": outlier,
        }
        anomaly = max(scores, key=lambda kind: scores[kind])
        return name, confidence, anomaly if scores[anomaly] > 0 else "", scores[anomaly]


def _inputs(
    share: dict[str, float], lane: Lane, matched: float, period: int, outputs_repeat: bool, agent: bool
) -> tuple[str, float, str]:
    fast, novel, exact, routine = share["fast"], share["novel"], share["exact"], share["routine"] > 0.5
    length = 0.35 if routine else min(1.0, 0.55 + lane.length_mean / 90)
    pace = 1 + 2 * fast * (1 - novel * (1 - 0.5 * exact))
    sameness = 1 - (0.25 + 0.25 * novel) * (1 - exact)
    honest = ""
    if routine and fast < 0.5:
        honest = "routine-turns"
    elif novel > 0.35 and exact < 0.5:
        honest = "new-answers"
    elif share["varied"] > 0.75 and share["stale"] < 0.5:
        frame = max(share["varied head"], share["varied tail"])
        honest = "template" if frame >= 0.9 * share["varied"] else ""
    kind = "input-repeat" if period == 1 else "input-cycle"
    if outputs_repeat or (agent and period == 2):
        kind = "ping-pong"
    return kind, 0.82 * matched * length * pace * sameness * (1 - 0.62 * novel), honest


def _calls(share: dict[str, float], matched: float, period: int, beat: Beat) -> tuple[float, str]:
    novel, failed = share["novel"], share["failed"]
    strength = 0.8 * matched * (0.4 + 0.6 * share["exact"]) * (0.45 + 0.55 * share["answered"]) * (1 - 0.85 * novel)
    if novel > 0.5:
        return strength, "new-answers"
    steady = beat.steady(2, 0.9e9 if period == 1 else 4.5e9)
    if period <= 2 and (share["pending"] > 0.5 or (steady and failed < 0.5)):
        return strength, "polling"
    if failed > 0.5:
        return strength * max(0.0, 1 - 5 / max(1.0, matched)), "retry" if matched <= 5 else ""
    return strength, ""


def _outputs(share: dict[str, float], matched: float, length: int) -> tuple[float, str]:
    novel, exact, fast, answered = share["novel"], share["exact"], share["fast"], share["answered"]
    weight = max(0.2, min(1.0, length / 80))
    strength = 0.7 * matched * weight * (0.45 if novel > 0.5 else 1.0) * (0.6 + 0.4 * exact)
    strength *= 1 + 0.6 * fast * (1 - answered)
    if share["refusal"] > 0.5:
        return strength, "refusal"
    if novel > 0.35 and exact < 0.5:
        return strength, "new-answers"
    return strength, "routine-turns" if answered > 0.5 and fast < 0.5 and length < 80 else ""


class Beat:
    """Rhythm of events."""

    def __init__(self) -> None:
        self.mean = self.deviation = self.burst = self.drip = 0.0
        self.regular = self.gaps = 0

    def push(self, gap: int) -> None:
        if self.gaps == 0:
            self.mean, self.gaps = float(gap), 1
            return
        departure = abs(gap - self.mean)
        self.regular = self.regular + 1 if departure <= 0.18 * self.mean else 0
        rate = 1 / (self.gaps + 1) if self.gaps < 8 else 0.125
        self.mean += rate * (gap - self.mean)
        self.deviation += rate * (departure - self.deviation)
        self.gaps += 1

    def steady(self, gaps: int, mean: float) -> bool:
        return self.regular >= gaps and self.mean >= mean

    def prompt(self, gap: int | None, risk: float) -> tuple[float, float, float]:
        if gap is None:
            return 0.0, 0.0, 0.0
        self.push(gap)
        self.burst = self.burst * max(0.0, 1 - gap / 2e9) + 1
        self.drip = 0.9 * self.drip + (gap >= 600 * 10**9 and risk >= 0.25)
        beat = 20e6 <= self.mean <= 30e9 and self.deviation <= 0.06 * self.mean
        return (
            sureness(0.19 * self.burst) if self.burst > 6 else 0.0,
            sureness(0.25 * (self.regular - 4)) if beat and self.regular > 4 else 0.0,
            sureness(0.85 * (self.drip - 0.35)),
        )


class DriftTwin:
    """Slow change of the prompts."""

    def __init__(self) -> None:
        self.level = self.sum = self.mean = self.deviation = self.last = 0.0
        self.growing = self.events = 0

    def push(self, turn: Features) -> tuple[float, float, float, float]:
        rise = max(0.0, turn.risk - self.level)
        self.sum = max(0.0, min(4.0, self.sum + turn.risk - max(0.15, self.level * 0.7 + 0.05)))
        self.level += 0.1 * (turn.risk - self.level)
        departure = math.log2(turn.length + 1) - self.mean
        z = 0.0 if self.events < 6 else departure / (self.deviation + 0.5)
        bound = 3 * (self.deviation + 0.5)
        step = departure if self.events < 4 else max(-bound, min(bound, departure))
        rate = 1 / (self.events + 1) if self.events < 8 else 0.125
        self.mean += rate * step
        self.deviation += rate * (abs(step) - self.deviation)
        self.growing = self.growing + 1 if self.events and turn.length > self.last * 1.5 else 0
        self.last, self.events = turn.length, self.events + 1
        growth = sureness(0.42 * self.growing) if turn.length >= 2000 else 0.0
        return sureness(1.35 * self.sum), growth, 0.5 if z > 6 else 0.0, rise


SYMBOL_CUES = (
    ("fiction",),
    ("persona",),
    ("deeper",),
    ("pressure",),
    ("fragment",),
    ("combine",),
    ("execute", "override"),
)
# Each template: name, states as (bias, weights of the twelve features), centre, slope.
TEMPLATES: tuple[tuple[str, tuple[tuple[float, str], ...], float, float], ...] = (
    (
        "crescendo",
        (
            (0.20, "0 0 0 0 0 0 0 0 0 0 0 0"),
            (-0.35, "1.2 .2 .5 .2 .2 0 .5 .2 0 0 0 0"),
            (-0.45, "1.6 .3 .4 .3 .1 0 .5 .2 0 0 0 0"),
            (-0.80, "2.2 .6 .2 .3 0 0 .4 .2 0 0 0 0"),
        ),
        2.60,
        4.5,
    ),
    (
        "foot-in-the-door",
        (
            (0.20, "0 0 0 0 0 0 0 0 0 0 0 0"),
            (-0.40, ".5 0 .1 .2 0 0 .2 .9 0 0 0 0"),
            (-0.50, "1 .2 .1 .6 0 0 .2 .9 0 0 0 0"),
            (-0.90, "2 .5 .1 .5 0 0 .1 .7 0 0 0 .2"),
        ),
        2.55,
        4.5,
    ),
    (
        "payload-splitting",
        (
            (-0.50, ".2 0 0 0 0 0 0 0 1.2 0 0 0"),
            (-0.50, ".2 0 0 0 0 0 0 0 1.2 0 0 0"),
            (-0.50, ".2 0 0 0 0 0 0 0 1.2 .4 0 0"),
            (-0.90, ".8 0 0 0 0 0 0 0 .1 1.1 0 1.2"),
        ),
        2.85,
        5.0,
    ),
    ("many-shot", ((-1.20, "1.8 0 0 0 0 0 0 0 0 0 1.4 .4"),), 0.62, 7.0),
    (
        "persona-drift",
        (
            (-0.30, ".2 0 0 0 .6 .9 0 0 0 0 0 0"),
            (-0.40, ".6 .1 .1 .5 .3 .9 0 .2 0 0 0 0"),
            (-0.50, "1 .2 .1 .6 .1 .9 .1 .4 0 0 0 .2"),
            (-0.95, "2 .5 .1 .5 0 .7 .3 .3 0 0 0 .4"),
        ),
        2.55,
        4.5,
    ),
)


def _align(
    template: tuple[str, tuple[tuple[float, str], ...], float, float], column: list[float], symbol: list[float]
) -> tuple[float, float]:
    """One step of the local alignment; confidence and share of states reached."""
    _, states, centre, slope = template
    before = list(column)
    reached = 0
    single = len(states) == 1
    for place, (bias, weights) in enumerate(states):
        fit = bias + sum(float(weight) * value for weight, value in zip(weights.split(), symbol, strict=True))
        enter = place == 0 or before[place - 1] > 0
        came = 0.0 if place == 0 else before[place - 1]
        came = 0.0 if single else max(before[place] * 0.95, came)
        last = place + 1 == len(states)
        top = 0.8 * (4 if single else place + 1) + (1.5 if last else 0.0)
        column[place] = max(0.0, min(top, came + max(-1.0, min(1.5, fit)))) if enter or before[place] > 0 else 0.0
        if single and symbol[10] < 3.5 / 24:
            column[place] = 0.0
        if column[place] > 0:
            reached = 4 if single else place + 1
    score = column[len(states) - 1]
    return (1 / (1 + math.exp(-slope * (score - centre))) if score > 0 else 0.0), reached / 4
