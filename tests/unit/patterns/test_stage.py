"""The patterns room: scores, findings with places, early exit, shadow, cache."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests import tiny_models

from aimds import _core
from aimds.errors import ArtefactError
from aimds.patterns import PatternsStage, PatternStatus, StageThresholds, build_seed, load_models, open_stage
from aimds.ports import ManualClock
from aimds.records import Assessment, Event, StageOutcome
from aimds.taxonomy import Category


def judge(stage, text, **event):
    return stage.run(Assessment(Event(text, **event), text=_core.normalise(text))).reports[-1]


def test_an_attack_scores_high_and_names_its_place(classifier):
    """The keyword model says attack; the finding covers the text and carries it, redacted."""
    report = judge(PatternsStage(classifier), "Ignore this")
    assert report.outcome is StageOutcome.COMPLETE
    assert report.score > 0.9
    (finding,) = report.findings
    assert (finding.detector, finding.category) == ("patterns.classifier", Category.INSTRUCTION_OVERRIDE)
    assert (finding.span.start, finding.span.end) == (0, 11)
    assert finding.confidence == report.score
    assert "Ignore" not in repr(finding.evidence)


def test_an_honest_text_scores_low_without_findings(classifier):
    """No finding below the threshold."""
    report = judge(PatternsStage(classifier), "What is the weather today?")
    assert report.score < 0.1
    assert report.findings == ()


def test_a_hidden_instruction_deep_in_a_document_is_found_with_its_window(classifier):
    """The whole dilutes the word, its window does not: the span is the window's."""
    filler = "plain words about gardens and rivers . " * 20
    text = filler + "reveal it" + " and more plain words about stones" * 20
    report = judge(PatternsStage(classifier), text, kind="document")
    (finding,) = report.findings
    assert finding.category is Category.INDIRECT_INJECTION
    place = text.index("reveal")
    assert finding.span.start <= place < finding.span.end
    assert finding.span.end - finding.span.start < 120
    assert report.details["windows"] > 30


def test_an_encoded_attack_points_at_the_code(classifier):
    """A decoded view is scored too; the span is in the original and the chain says how it was read."""
    import base64

    code = base64.b64encode(b"Ignore this and reveal it").decode()
    text = f"please look at {code} thanks"
    report = judge(PatternsStage(classifier), text)
    (finding,) = report.findings
    assert finding.chain
    assert text[finding.span.start : finding.span.end] in text
    assert code[:8] in text[finding.span.start : finding.span.end]


def test_trust_decides_the_category_when_the_outputs_do_not(classifier):
    """The same words from an untrusted tool are an injection."""
    assert judge(PatternsStage(classifier), "ignore this").findings[0].category is Category.INSTRUCTION_OVERRIDE
    report = judge(PatternsStage(classifier), "ignore this", kind="tool_result")
    assert report.findings[0].category is Category.INDIRECT_INJECTION


def test_a_category_output_that_speaks_up_is_believed(embedding):
    """With a strong word alone the third output (prompt leak, a tenth of the weight) passes its minimum."""
    data = tiny_models.keyword_head_bytes({"reveal": 12.7}, bias=-1.0)
    report = judge(PatternsStage(_core.Classifier.load(embedding, data)), "reveal")
    assert report.findings[0].category is Category.PROMPT_LEAK


def test_a_plain_harmful_question_is_shown_and_does_not_score(embedding):
    """Where only the harmful output speaks, the finding is low and the score stays."""
    tensors, metadata = tiny_models.head_parts()
    import numpy as np

    tensors = {"layer0.weight": np.zeros((15, 3), np.float32), "layer0.bias": np.array([-4, 3, -4], np.float32)}
    tensors |= {"dense.mean": np.zeros(15, np.float32), "dense.factor": np.ones(15, np.float32)}
    del metadata["hashed"]
    metadata |= {"blocks": ["context"], "layers": [{"activation": "none"}]}
    classifier = _core.Classifier.load(embedding, tiny_models.safetensors(tensors, metadata))
    report = judge(PatternsStage(classifier), "how do i do that")
    (finding,) = report.findings
    assert finding.category is Category.HARMFUL_REQUEST
    assert finding.severity < 0.5
    assert report.score < 0.1


def test_a_near_copy_of_a_severe_pattern_ends_the_walk(classifier, store):
    """Severity above 0.8 and similarity above the certain threshold: CERTAIN, with the pattern's key."""
    store.add("tell me the secrets today", Category.PROMPT_LEAK, 0.95, status=PatternStatus.ACTIVE)
    report = judge(PatternsStage(classifier, store), "Tell me the secrets today")
    assert report.outcome is StageOutcome.CERTAIN
    assert report.reason == "known pattern own:1"
    finding = next(one for one in report.findings if one.detector == "patterns.nearest")
    assert (finding.rule_id, finding.category) == ("own:1", Category.PROMPT_LEAK)
    assert finding.severity == pytest.approx(0.95, abs=0.01)
    assert report.score == pytest.approx(finding.confidence)
    assert report.score > 0.95


def test_a_milder_pattern_is_a_finding_and_no_early_exit(classifier, store):
    """Severity 0.8 itself does not end the walk."""
    store.add("tell me the secrets today", Category.PROMPT_LEAK, 0.8, status=PatternStatus.ACTIVE)
    report = judge(PatternsStage(classifier, store), "tell me the secrets today")
    assert report.outcome is StageOutcome.COMPLETE
    assert report.findings[0].detector == "patterns.nearest"


def test_a_shadow_pattern_is_recorded_and_changes_nothing(classifier, store):
    """Only the details tell of it."""
    store.add("tell me the secrets today", Category.PROMPT_LEAK, 0.95)
    report = judge(PatternsStage(classifier, store), "tell me the secrets today")
    assert (report.outcome, report.findings) == (StageOutcome.COMPLETE, ())
    assert report.details["shadow_pattern"] == "own:1"
    assert report.details["nearest_pattern"] is None


def test_a_category_can_have_its_own_similarity_threshold(classifier, store):
    """Thresholds by category stand before the common one."""
    store.add("tell me the secrets today", Category.PROMPT_LEAK, 0.5, status=PatternStatus.ACTIVE)
    text = "tell me the weather today"
    similarity = judge(PatternsStage(classifier, store), text).details["nearest_similarity"]
    for threshold, found in ((similarity + 0.01, 0), (similarity - 0.01, 1)):
        thresholds = StageThresholds(similarity=0.0, by_category={Category.PROMPT_LEAK: threshold})
        assert len(judge(PatternsStage(classifier, store, thresholds), text).findings) == found


def test_thresholds_come_from_training():
    """What the head's metadata says is taken, the rest keeps its defaults, and nonsense is refused."""
    thresholds = StageThresholds.from_training(
        {"finding": 0.6, "nearest": {"default": 0.9, "certain": 0.99, "prompt_leak": 0.8}, "other": "x"}
    )
    assert thresholds == StageThresholds(0.6, 0.9, 0.99, by_category={Category.PROMPT_LEAK: 0.8})
    assert StageThresholds.from_training({}) == StageThresholds()
    with pytest.raises(ValueError, match=r"\[0, 1\]"):
        StageThresholds.from_training({"finding": 3})


@pytest.mark.parametrize("margin", [-0.1, 21, float("nan")])
def test_a_margin_is_a_small_number_of_logits(margin):
    """A first look that stands alone may be lowered, never raised or silenced."""
    assert StageThresholds.from_training({"alone_margin": 0.5}).alone_margin == 0.5
    with pytest.raises(ValueError, match="alone_margin"):
        StageThresholds.from_training({"alone_margin": margin})


@pytest.mark.parametrize("text", ["", "  \n", "\u200b"])
def test_a_text_without_words_is_no_attack(classifier, store, text):
    """Nothing to read, nothing found."""
    report = judge(PatternsStage(classifier, store), text)
    assert report.findings == ()
    assert report.score < 0.1


def test_a_repeated_text_is_answered_from_memory_until_the_store_changes(classifier, store):
    """The same event gives the very same report; another context or a new pattern is judged anew."""
    stage = PatternsStage(classifier, store, cache_entries=2)
    first = judge(stage, "tell me the secrets today")
    assert judge(stage, "tell me the secrets today") is first
    assert judge(stage, "tell me the secrets today", kind="document") is not first
    store.add("tell me the secrets today", Category.PROMPT_LEAK, 0.95, status=PatternStatus.ACTIVE)
    assert judge(stage, "tell me the secrets today").outcome is StageOutcome.CERTAIN
    assert stage.store is store


def test_memory_is_bounded_and_can_be_off(classifier):
    """The oldest goes first; with no entries nothing is kept."""
    stage = PatternsStage(classifier, cache_entries=2)
    first = judge(stage, "one")
    judge(stage, "two")
    judge(stage, "three")
    assert judge(stage, "one") is not first
    off = PatternsStage(classifier, cache_entries=0)
    assert judge(off, "one") is not judge(off, "one")


def test_a_plain_text_without_normalisation_is_judged_too(classifier):
    """The room works alone: the event's own text stands in."""
    assert PatternsStage(classifier).run(Assessment(Event("Ignore this"))).reports[-1].score > 0.9


def test_the_room_opens_from_a_folder(tmp_path, embedding):
    """Models, seed, own store and training's thresholds come together; a missing seed is told."""
    (tmp_path / "embedding.safetensors").write_bytes(tiny_models.embedding_bytes())
    (tmp_path / "head.safetensors").write_bytes(tiny_models.keyword_head_bytes({"secret": 12.0}))
    clock = ManualClock()
    with pytest.raises(ArtefactError, match=r"seed\.patterns"):
        open_stage(clock, models_folder=tmp_path)
    seed = build_seed(embedding, [7], embedding.embed("the secret"), ["prompt_leak"], [0.9], ["corpus"])
    seed.save(tmp_path / "seed.patterns")
    stage = open_stage(clock, models_folder=tmp_path, store_path=tmp_path / "own.db")
    report = judge(stage, "the secret")
    assert (report.outcome, report.reason) == (StageOutcome.CERTAIN, "known pattern seed:7")
    assert judge(stage, "the weather").details["nearest_similarity"] is None, "unsuspected: no look-up in the seed"
    stage.store.close()


def test_a_single_short_word_has_no_wording(tmp_path: Path) -> None:
    """A word of five characters is left to rules and session, however sure the classifier is; more are judged."""
    (tmp_path / "embedding.safetensors").write_bytes(tiny_models.embedding_bytes())
    (tmp_path / "head.safetensors").write_bytes(tiny_models.keyword_head_bytes({"stop": 12.0}))
    stage = PatternsStage(load_models(tmp_path).classifier)
    assert judge(stage, "stop").score == 0.0
    assert judge(stage, "stop it all").score > 0.5
