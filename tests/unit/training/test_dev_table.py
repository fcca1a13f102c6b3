"""The quality table names every group of a report, and shows what a profile lacks as a dash."""

from __future__ import annotations

from training.dev_table import groups_of, table


def group(recall: float | None, fpr: float | None) -> dict[str, object]:
    """One group of a report as `aimds evaluate --json` writes it, of ten attacks among thirty rows."""
    interval = [0.0, 1.0]
    return {
        "rows": 30, "attacks": 10, "recall": recall, "fpr": fpr, "recall_at_1pct_fpr": recall,
        "recall_ci": interval, "fpr_ci": interval, "recall_at_1pct_fpr_ci": interval,
    }  # fmt: skip


def report(recall: float) -> dict[str, object]:
    """A report with one source of attacks and one category of honest text."""
    return {
        "overall": group(recall, 0.02), "overall_without_harmful_request": group(recall, 0.02),
        "by_source": {"mails": group(recall, None)}, "by_category": {"benign": group(None, 0.02)},
    }  # fmt: skip


def test_every_group_has_a_name() -> None:
    assert list(groups_of(report(0.5))) == ["overall", "without harmful_request", "mails", "category benign"]


def test_profiles_stand_side_by_side() -> None:
    lines = table({"fast": report(0.25), "balanced": report(0.75)}, "balanced").splitlines()
    assert lines[0].split(" | ")[2:4] == ["recall fast", "recall balanced"]
    mails = next(line for line in lines if line.startswith("| mails"))
    assert mails.split(" | ")[1:] == [
        "10 / 30", "0.250 [0.00-1.00]", "0.750 [0.00-1.00]", "-", "-", "0.750 [0.00-1.00] |",
    ]  # fmt: skip
