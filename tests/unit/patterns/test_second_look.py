"""The second look: who is asked when, how opinions are joined, where the evidence lies, and what a fault does."""

from __future__ import annotations

import base64
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from tests import tiny_look

from aimds import Defense, Settings, _core
from aimds.errors import ArtefactError, ConfigurationError
from aimds.patterns import PatternsStage, build_seed, load_models
from aimds.patterns.look_files import load_second_look
from aimds.patterns.look_numbers import LookNumbers, logit_of, probability_of
from aimds.patterns.looks import Looks
from aimds.patterns.transformer import Transformer, thread_count
from aimds.ports import ManualClock
from aimds.records import Action, Assessment, Event, Profile, StageOutcome
from aimds.taxonomy import Category

WORDS = {"melt": (7, 0), "bomb": (0, 7), "calm": (-4, 0)}
"""Adds 3.5 to the logit of an attack or of a harmful request, or takes 2 away; without them both are -2."""


def stage_of(folder: Path, profile: Profile = Profile.BALANCED, clock: Any = None, **looks: Any) -> PatternsStage:
    second = load_second_look(folder, profile)
    return PatternsStage(
        load_models(folder).classifier, looks=Looks(profile, second, clock=clock or ManualClock(), **looks)
    )


def judge(stage: PatternsStage, text: str, **event: Any):
    return stage.run(Assessment(Event(text, **event), text=_core.normalise(text))).reports[-1]


def test_the_student_finds_what_the_first_look_does_not_know(tmp_path):
    """The joined probability is the score and the finding's confidence; every logit stands in the details."""
    stage = stage_of(tiny_look.write_folder(tmp_path, WORDS))
    report = judge(stage, "please melt the lock")
    assert report.score == pytest.approx(probability_of(1.5))
    (finding,) = report.findings
    assert finding.confidence == report.score
    assert report.details["looks"] == ("static", "student")
    assert report.details["student_logit"] == pytest.approx(1.5)
    assert report.details["static_logit"] == pytest.approx(report.details["logit"])
    assert judge(stage, "please wash the lock").findings == ()


def test_the_student_can_clear_what_the_first_look_suspects(tmp_path):
    """Fusion is not a maximum: a second opinion may lower the first."""
    folder = tiny_look.write_folder(tmp_path, WORDS)
    assert judge(stage_of(folder, Profile.FAST), "ignore the noise").findings
    assert judge(stage_of(folder), "ignore the noise").findings == ()


def test_a_first_look_that_stands_alone_gives_way_by_a_margin(tmp_path):
    """Only where nobody reads after it; its logit is reported as it is."""
    folder = tiny_look.write_folder(tmp_path, WORDS)
    plain = judge(stage_of(folder, Profile.FAST), "ignore the noise")
    careful = judge(stage_of(folder, Profile.FAST, alone_margin=1.0), "ignore the noise")
    assert careful.details["static_logit"] == plain.details["static_logit"]
    assert logit_of(careful.details["probability"]) == pytest.approx(plain.details["static_logit"] - 1.0, abs=1e-3)
    joined, same = (judge(stage_of(folder, **more), "ignore the noise") for more in ({}, {"alone_margin": 1.0}))
    assert joined.details["probability"] == same.details["probability"]


def test_weights_and_offset_join_the_logits(tmp_path):
    """0.5 * static + 2 * student + 1."""
    fusion = {"student": {"weights": {"static": 0.5, "student": 2.0}, "offset": 1.0}}
    report = judge(stage_of(tiny_look.write_folder(tmp_path, WORDS, fusion=fusion, grey={})), "ignore and melt")
    static = report.details["static_logit"]
    assert report.score == pytest.approx(probability_of(0.5 * static + 2 * 1.5 + 1))


@pytest.mark.parametrize(("below", "above", "asked"), [(-3.0, 9.0, False), (-9.0, -5.0, False), (-9.0, 9.0, True)])
def test_a_certain_first_look_is_not_asked_again(tmp_path, below, above, asked):
    """Outside [skip_below, skip_above] (the first look says -4 here) the student rests."""
    student = {"skip_below": below, "skip_above": above}
    folder = tiny_look.write_folder(tmp_path, WORDS, student=student)
    report = judge(stage_of(folder), "please melt it")
    assert ("student" in report.details["looks"]) is asked
    assert bool(report.findings) is asked
    assert "student" in judge(stage_of(folder, Profile.THOROUGH), "please melt it").details["looks"]


@pytest.mark.parametrize(("low", "high", "asked"), [(0.0, 1.0, True), (0.9, 1.0, False), (0.0, 0.5, False)])
def test_the_teacher_reads_the_grey_zone_only(tmp_path, low, high, asked):
    """The student alone says 0.82 here; the teacher turns it round (logit 1 - 3.5)."""
    folder = tiny_look.write_folder(tmp_path, WORDS, grey={"thorough": {"low": low, "high": high}})
    report = judge(stage_of(folder, Profile.THOROUGH), "please melt it")
    assert ("teacher" in report.details["looks"]) is asked
    assert report.score == pytest.approx(probability_of(-2.5 if asked else 1.5))
    assert "teacher" not in judge(stage_of(folder), "please melt it").details["looks"]


def test_a_profile_may_have_a_grey_zone_of_its_own(tmp_path):
    """The teacher answers in `balanced` too where the file says so."""
    folder = tiny_look.write_folder(tmp_path, WORDS, grey={"balanced": {"low": 0.5, "high": 0.9}})
    assert judge(stage_of(folder), "please melt it").score == pytest.approx(probability_of(-2.5))
    with pytest.raises(ConfigurationError, match="thorough"):
        load_second_look(folder, Profile.THOROUGH)


def test_the_teacher_reads_the_worst_windows(tmp_path):
    """With one window allowed, it is the one where the student saw something."""
    folder = tiny_look.write_folder(tmp_path, WORDS, grey={"thorough": {"windows": 1}})
    text = "wow " * 40 + "melt" + " wow" * 40
    report = judge(stage_of(folder, Profile.THOROUGH), text)
    assert report.details["teacher_logit"] == pytest.approx(-2.5)
    assert report.details["windows_read"] == report.details["windows_all"] > 5


def test_the_strongest_window_is_the_evidence(tmp_path):
    """A word deep in a long text is found, and the finding's span is its window's."""
    folder = tiny_look.write_folder(tmp_path, WORDS)
    text = "wow " * 200 + "melt" + " wow" * 200
    (finding,) = judge(stage_of(folder), text, kind="document").findings
    assert "melt" in finding.span.of(text)
    assert finding.span.end - finding.span.start < 60


def test_the_span_is_narrowed_by_the_first_look(tmp_path):
    """Where both see something in one place, their overlap is the evidence: here the first look's eight words."""
    wide = {"window_tokens": 100, "stride_tokens": 50}
    words = [f"word{number}" for number in range(100)]
    text = " ".join([*words, "ignore", *words])
    (finding,) = judge(stage_of(tiny_look.write_folder(tmp_path, {"ignore": (7, 0)}, **wide)), text).findings
    assert "ignore" in finding.span.of(text)
    assert len(finding.span.of(text).split()) <= 8


def test_a_decoded_reading_is_read_at_a_price(tmp_path):
    """The student reads what base64 hides; its logit is lower by the view offset, and the span is the code's."""
    code = base64.b64encode(b"please melt all the locks of the house now").decode()
    text = f"look at {code} thanks"
    spans, logits = [], []
    for offset in (0.0, 0.5):
        folder = tmp_path / str(offset)
        folder.mkdir()
        report = judge(stage_of(tiny_look.write_folder(folder, WORDS, student={"view_offset": offset})), text)
        (finding,) = report.findings
        assert finding.chain == ("base64",)
        spans.append(finding.span)
        logits.append(report.details["student_logit"])
    assert logits[0] - logits[1] == pytest.approx(0.5)
    assert code[:8] in spans[0].of(text)


def test_a_harmful_request_has_its_own_fusion(tmp_path):
    """Without numbers for it the first look's opinion stays; with them the student's second output counts."""
    words = {"bomb": (-8, 7)}
    assert judge(stage_of(tiny_look.write_folder(tmp_path, words)), "make a bomb please").findings == ()
    harmful = {"student": {"weights": {"student": 1.0}, "offset": 0.0}}
    report = judge(stage_of(tiny_look.write_folder(tmp_path, words, harmful_fusion=harmful)), "make a bomb please")
    (finding,) = report.findings
    assert finding.category is Category.HARMFUL_REQUEST
    assert finding.confidence == pytest.approx(probability_of(1.5))


def test_the_most_suspicious_windows_of_a_long_text_are_read(tmp_path):
    """With fewer windows allowed than there are, the first look says where."""
    folder = tiny_look.write_folder(tmp_path, {"ignore": (7, 0)}, max_windows=2)
    report = judge(stage_of(folder), "wow " * 300 + "ignore" + " wow" * 300)
    assert report.findings
    assert report.details["windows_read"] == 2 < report.details["windows_all"]


def test_windows_that_the_first_look_is_sure_of_are_passed_over(tmp_path):
    """Only those near the suspected word are read; an event without any has its first window read."""
    folder = tiny_look.write_folder(tmp_path, {"ignore": (7, 0)}, student={"window_skip_below": 0.0})
    words = " ".join(f"word{number}" for number in range(100))
    report = judge(stage_of(folder), f"{words} ignore {words}")
    assert report.findings
    assert 1 < report.details["windows_read"] < 30 < report.details["windows_all"]
    assert judge(stage_of(folder), words).details["windows_read"] == 1


# ---- faults ---------------------------------------------------------------------------------------------------------


def test_an_answer_that_is_no_number_leaves_the_event_undecided(tmp_path):
    """The first look's score stays and the report says what failed; the next event is judged again, not remembered."""
    folder = tiny_look.write_folder(tmp_path, WORDS)
    second = load_second_look(folder, Profile.BALANCED)
    second._student = Broken()
    stage = PatternsStage(load_models(folder).classifier, looks=Looks(Profile.BALANCED, second))
    report = judge(stage, "ignore the noise")
    assert report.outcome is StageOutcome.UNDECIDED
    assert report.reason == "second look failed: student: RuntimeError"
    assert report.score > 0.8
    assert judge(stage, "ignore the noise") is not report
    assert stage.describe()["events_seen"] == {"static": 2, "faults": 2}


class Broken:
    bytes = 0

    def logits(self, embeddings, mask):
        raise RuntimeError


def test_a_teacher_that_fails_leaves_the_student_s_opinion_undecided(tmp_path):
    """What is known is the score."""
    second = load_second_look(tiny_look.write_folder(tmp_path, WORDS), Profile.THOROUGH)
    second._teacher = Broken()
    report = judge(
        PatternsStage(load_models(tmp_path).classifier, looks=Looks(Profile.THOROUGH, second)), "melt it all"
    )
    assert (report.outcome, report.score) == (StageOutcome.UNDECIDED, pytest.approx(probability_of(1.5)))
    assert "teacher" in report.reason


class Ticking(ManualClock):
    """Every look at it takes a millisecond."""

    def monotonic_ns(self) -> int:
        self.advance(1_000_000)
        return super().monotonic_ns()


def test_a_budget_that_is_spent_leaves_the_event_undecided(tmp_path):
    """Windows read until then count when they are worse than the first look; nothing passes silently."""
    folder = tiny_look.write_folder(tmp_path, WORDS)
    report = judge(stage_of(folder, clock=Ticking(), budget_ms=2.5), "melt " * 100)
    assert report.outcome is StageOutcome.UNDECIDED
    assert report.reason == "second look failed: student: budget of 2.5 ms spent"
    assert report.details["windows_read"] == 2
    assert report.score > 0.99
    report = judge(stage_of(folder, clock=Ticking(), budget_ms=0.5), "ignore the noise")
    assert report.details["windows_read"] == 0
    assert report.score == pytest.approx(probability_of(report.details["static_logit"]))


def test_a_text_without_words_is_not_read(tmp_path):
    """No tokens, no window, no fault."""
    report = judge(stage_of(tiny_look.write_folder(tmp_path, WORDS)), "\u200b\u200b\u200b\u200b\u200b\u200b")
    assert report.outcome is StageOutcome.COMPLETE
    assert report.findings == ()


def test_threads_get_the_answers_of_one(tmp_path):
    """The same texts from eight threads at once, without a memory of results."""
    folder = tiny_look.write_folder(tmp_path, WORDS)
    look = Looks(Profile.THOROUGH, load_second_look(folder, Profile.THOROUGH))
    stage = PatternsStage(load_models(folder).classifier, cache_entries=0, looks=look)
    texts = [f"please {'melt' if k % 3 else 'wash'} lock number {k} " * (k % 7 + 1) for k in range(60)]
    alone = [judge(stage, text).details for text in texts]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda text: judge(stage, text).details, texts)) == alone


# ---- files ----------------------------------------------------------------------------------------------------------


def test_without_files_balanced_is_fast_and_says_so(tmp_path):
    """Thorough was asked for on purpose: there a missing file is an error."""
    assert load_second_look(tmp_path, Profile.BALANCED) is None
    assert load_second_look(tmp_path, Profile.FAST) is None
    with pytest.raises(ArtefactError, match=r"look\.safetensors"):
        load_second_look(tmp_path, Profile.THOROUGH)
    assert "no model files" in Looks(Profile.BALANCED).describe()["second_look"]


@pytest.mark.parametrize("name", ["look.safetensors", "student.onnx", "teacher.onnx"])
def test_half_a_second_look_is_an_error(tmp_path, name):
    """A set of files that lacks one is damaged."""
    (tiny_look.write_folder(tmp_path, WORDS) / name).unlink()
    with pytest.raises(ArtefactError, match=name):
        load_second_look(tmp_path, Profile.THOROUGH)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"not a model", "cannot load"),
        (tiny_look.model_bytes(broken=True), "does not answer"),
        (tiny_look.model_bytes(outputs=1), "does not answer"),
        (None, "inputs must be"),
    ],
)
def test_a_model_of_another_kind_is_refused(tmp_path, data, reason):
    """At the start, with the file's name."""
    if data is None:
        inputs = [tiny_look.helper.make_tensor_value_info("words", 1, ["batch", 2])]
        data = tiny_look.model_of([tiny_look.helper.make_node("Identity", ["words"], ["logits"])], inputs, {}, 2)
    with pytest.raises(ArtefactError, match=reason) as caught:
        Transformer(data, tmp_path / "student.onnx", tiny_look.DIMENSION)
    assert "student.onnx" in str(caught.value)


def test_without_onnxruntime_the_help_says_what_to_install(tmp_path, monkeypatch):
    """An import that fails is an artefact error."""
    import sys

    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ArtefactError, match="pip install onnxruntime"):
        Transformer(tiny_look.model_bytes(), tmp_path / "student.onnx", tiny_look.DIMENSION)


@pytest.mark.parametrize(
    ("numbers", "named"),
    [
        ({"fusion": {}}, "student"),
        ({"fusion": {"student": {"weights": {"static": 1.0}, "offset": 0.0}}}, "student"),
        ({"fusion": {"student": {"weights": {"student": 1.0, "teacher": 1.0}}}}, "teacher"),
        ({"fusion": {"student": {"weights": {"student": "x"}}}}, "student"),
        ({"fusion": {"student": {"weights": {"guess": 1.0}}}}, "static, student"),
        ({"fusion": []}, "fusion"),
        ({"grey": {"thorough": {"low": 0.9, "high": 0.1}}}, "grey.thorough"),
        ({"grey": {"balancd": {}}}, "grey.balancd"),
        ({"grey": {"balanced": {"windows": 0}}}, "grey.balanced.windows"),
        ({"grey": {"balanced": {"windows": 1.5}}}, "grey.balanced.windows"),
        ({"fusion": {"student": {"weights": {"student": 1.0}}}, "grey": {"balanced": {}}}, "fusion.teacher"),
        ({"student": {"skip_below": True}}, "skip_below"),
    ],
)
def test_wrong_numbers_are_named(tmp_path, numbers, named):
    """The file is refused with the number that is wrong."""
    folder = tiny_look.write_folder(tmp_path, WORDS, **numbers)
    with pytest.raises(ArtefactError, match=named):
        load_second_look(folder, Profile.BALANCED)


def test_a_look_without_thorough_numbers_refuses_that_profile(tmp_path):
    """Balanced works on it."""
    folder = tiny_look.write_folder(tmp_path, WORDS, grey={})
    assert load_second_look(folder, Profile.BALANCED) is not None
    with pytest.raises(ConfigurationError, match="thorough"):
        load_second_look(folder, Profile.THOROUGH)


def test_missing_numbers_ask_always(tmp_path):
    """Without bounds nothing is skipped; `null` is the same as absent."""
    numbers = LookNumbers.from_metadata(tiny_look.metadata(student={"skip_below": None}))
    assert numbers.skip_below == float("-inf")
    assert numbers.grey is None
    zone = LookNumbers.from_metadata(tiny_look.metadata(), Profile.THOROUGH).grey
    assert zone is not None
    assert (zone.low, zone.high) == (0.0, 1.0)


def test_logits_and_probabilities_are_inverse_and_clipped():
    """Also at the ends."""
    assert logit_of(probability_of(1.25)) == pytest.approx(1.25)
    assert (logit_of(0.0), logit_of(1.0)) == (-20.7, 20.7)
    assert probability_of(-1e9) < 1e-30
    assert probability_of(1e9) == 1.0


def test_threads_are_two_or_what_was_asked_for():
    """Zero means two, or one on a single processor."""
    assert thread_count(3) == 3
    assert thread_count(0) in (1, 2)


def test_models_describe_themselves(tmp_path):
    """Figures for `aimds doctor`."""
    described = stage_of(tiny_look.write_folder(tmp_path, WORDS), Profile.THOROUGH).describe()
    assert described["profile"] == "thorough"
    assert described["second_look"]["windows_max"] == 64
    assert described["second_look"]["teacher_bytes"] == len((tmp_path / "teacher.onnx").read_bytes())


@pytest.mark.parametrize(("profile", "in_thread"), [("fast", False), ("balanced", True)])
async def test_asyncio_keeps_its_loop_free_of_transformers(tmp_path, profile, in_thread):
    """With a second look even a short text is judged in another thread."""
    import threading

    stage = stage_of(tiny_look.write_folder(tmp_path, WORDS), Profile(profile))
    seen = []

    class Spy:
        name = stage.name
        uses_transformers = stage.uses_transformers

        def run(self, assessment):
            seen.append(threading.current_thread() is not threading.main_thread())
            return stage.run(assessment)

    await Defense(Settings(), rooms=[Spy()]).aevaluate("please melt it")
    assert seen == [in_thread]


def test_a_defence_runs_on_the_profile_of_its_settings(tmp_path, embedding):
    """From settings to verdict: balanced blocks what fast lets pass, and a fault escalates."""
    folder = tiny_look.write_folder(tmp_path, {"melt": (7, 0), "lock": (7, 0)})
    seed = build_seed(embedding, [7], embedding.embed("the secret"), ["prompt_leak"], [0.9], ["corpus"])
    seed.save(folder / "seed.patterns")
    actions = {}
    for profile in ("fast", "balanced"):
        defense = Defense(Settings.load(patterns={"models": folder, "profile": profile}, verify={"policies": ()}))
        actions[profile] = defense.evaluate("please melt every lock").action
        assert defense.describe()["rooms"][-1]["profile"] == profile
    assert actions == {"fast": Action.ALLOW, "balanced": Action.BLOCK}
    defense.rooms[-1]._looks._second_look._student = Broken()
    verdict = defense.evaluate("please wash every window")
    assert (verdict.action, verdict.reason) == (
        Action.ESCALATE,
        "patterns undecided: second look failed: student: RuntimeError",
    )
