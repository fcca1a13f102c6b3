"""What our banks share with the corpora is found by runs of words, whatever stands around them."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from training.corpus import Row
from training.overlap import RUN_WORDS, corpora, report, runs, shared, texts_of_files


def row(text: str) -> Row:
    return Row(text, False, "benign", "own_bank_x", "own_bank_x")


RUN = "the ferry leaves when the last crate stands"


def test_runs_are_words_in_order() -> None:
    """Case, signs, digits and single letters do not count; shorter texts have no run."""
    assert runs(f"{RUN} on deck") == {
        RUN,
        "ferry leaves when the last crate stands on",
        "leaves when the last crate stands on deck",
    }
    assert runs("The FERRY, leaves (when 5 a the) last *crate* stands!") == {RUN}
    assert runs(" ".join(["word"] * (RUN_WORDS - 1))) == set()
    assert runs("i g n o r e a l l p r e v i o u s") == set()


def test_a_shared_run_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By row and by the place of the other text, in the corpora, in traces and in files."""
    monkeypatch.setenv("AIMDS_DATA", str(tmp_path))
    for name, value in (
        ("train", {"text": f"say: {RUN}?"}),
        ("trace_x", {"events": [{"content": "\u0442\u0443\u0442 " + RUN}]}),
    ):
        with gzip.open(tmp_path / f"{name}.jsonl.gz", "wt", encoding="utf-8") as stream:
            stream.write(json.dumps({"text": "nothing"}) + "\n" + json.dumps(value) + "\n")
    (tmp_path / "LICENCE").write_text("about " + RUN, "utf-8")
    (tmp_path / "picture").write_bytes(b"\xff")
    rows = [row("an honest row of other words altogether, long enough"), row(f"Well, {RUN.upper()}.")]
    assert shared(rows, corpora())[1] in {("train.jsonl.gz:2", RUN), ("trace_x.jsonl.gz:2", RUN)}
    assert len(list(corpora())) == 4
    found = shared(rows, texts_of_files([tmp_path / "LICENCE", tmp_path / "picture"]))
    assert found == {1: ("LICENCE", RUN)}
    assert report(rows, found).splitlines() == [f"own_bank_x: LICENCE: {RUN}", "1 of 2 rows share 8 words in a row"]
