"""The table of docs/detection-quality.md out of what `aimds evaluate --json` wrote for each profile.

aimds evaluate dev.jsonl.gz --profile fast --json > fast.json
python -m training.dev_table fast=fast.json balanced=balanced.json thorough=thorough.json

Each file is of one profile, over the same rows.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

Group = Mapping[str, Any]
SECTIONS = {"by_source": "", "by_category": "category ", "by_language": "language "}


def _cell(group: Group, name: str) -> str:
    value, interval = group[name], group[f"{name}_ci"]
    return "-" if value is None else f"{value:.3f} [{interval[0]:.2f}-{interval[1]:.2f}]"


def groups_of(report: Group) -> dict[str, Group]:
    """All groups of a report by the name that the table gives them."""
    found = {"overall": report["overall"], "without harmful_request": report["overall_without_harmful_request"]}
    for section, prefix in SECTIONS.items():
        for name, group in report.get(section, {}).items():
            found[prefix + name] = group
    return found


def table(reports: Mapping[str, Group], last: str) -> str:
    """One line a group: recall and false positives of each profile, and recall at 1% of the profile `last`."""
    columns = {profile: groups_of(report) for profile, report in reports.items()}
    heads = [f"{what} {profile}" for what in ("recall", "FPR") for profile in reports]
    lines = [
        f"| group | attacks / rows | {' | '.join(heads)} | recall at 1% FPR, {last} |",
        "|---|---|" + "---|" * (len(heads) + 1),
    ]
    for name, group in next(iter(columns.values())).items():
        cells = [_cell(columns[profile][name], what) for what in ("recall", "fpr") for profile in reports]
        cells.append(_cell(columns[last][name], "recall_at_1pct_fpr"))
        lines.append(f"| {name} | {group['attacks']} / {group['rows']} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("reports", nargs="+", metavar="PROFILE=FILE")
    parser.add_argument("--last", default="balanced", help="the profile whose recall at 1%% is shown")
    options = parser.parse_args()
    pairs = (report.split("=", 1) for report in options.reports)
    print(table({name: json.loads(Path(path).read_text("utf-8")) for name, path in pairs}, options.last))


if __name__ == "__main__":
    main()
