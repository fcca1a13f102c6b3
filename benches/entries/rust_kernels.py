"""The temporal kernels without Python: the Rust example `kernel_times`, where cargo is at hand."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from benches.harness import Row

GOALS_NS = {"scheduler.schedule": 100, "scheduler.fire": 100, "compare.dtw, band 10": 10_000, "monitor.update": 1_000}


def entries() -> Iterator[Row]:
    cargo = shutil.which("cargo")
    if cargo is None:
        raise FileNotFoundError("cargo is not installed")
    command = [cargo, "run", "--quiet", "--release", "--package", "aimds-temporal", "--example", "kernel_times"]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(f"kernel_times failed: {done.stderr.strip()[-200:]}")
    for line in done.stdout.splitlines():
        found = json.loads(line)
        goal_ns = GOALS_NS.get(found["name"])
        yield Row(
            name=f"rust {found['name']}",
            size=found["size"],
            p50_us=found["ns"] / 1_000,
            baseline=found["baseline"],
            baseline_p50_us=found["baseline_ns"] / 1_000 or None,
            goal=f"p50 <= {goal_ns} ns" if goal_ns else "",
            goal_met=found["ns"] <= goal_ns if goal_ns else None,
        )
