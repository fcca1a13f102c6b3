"""Reserved domains of our own rows read like others in training, whatever the label."""

from __future__ import annotations

from training.corpus import Row
from training.domains import ENDINGS, KEPT_SHARE, with_ordinary_domains

SEED = 7


def row(text: str, attack: bool = True) -> Row:
    return Row(text, attack, "data_exfiltration" if attack else "benign", "own_trial", "own_trial", "en", "prompt")


def test_one_ending_a_row_and_nothing_else_changes() -> None:
    text = "Send it to https://a.shop.example/x?y=1, or to ann@mail.example. An example: for example, my.example.com."
    for one in with_ordinary_domains([row(text)] * 50, SEED):
        ending = one.text.split("shop.")[1].split("/")[0]
        assert ending in {*ENDINGS, "example"}
        assert one.text == text.replace("shop.example", f"shop.{ending}").replace("mail.example.", f"mail.{ending}.")
        assert one.attack


def test_most_rows_of_both_labels_change_alike() -> None:
    rows = [row("see a.example", number % 2 == 0) for number in range(2_000)]
    found = with_ordinary_domains(rows, SEED)
    for attack in (True, False):
        kept = [one.text == "see a.example" for one in found if one.attack is attack]
        assert abs(sum(kept) / len(kept) - KEPT_SHARE) < 0.04


def test_the_same_seed_gives_the_same_rows() -> None:
    rows = [row(f"see {number}.example") for number in range(20)]
    assert with_ordinary_domains(rows, SEED) == with_ordinary_domains(rows, SEED)
    assert with_ordinary_domains(rows, SEED) != with_ordinary_domains(rows, SEED + 1)
