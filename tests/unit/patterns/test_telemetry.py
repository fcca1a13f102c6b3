"""A guard reports to nobody: the library that runs the transformers neither sends nor writes anything of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import importlib.abc, json, os, sys

class Watcher(importlib.abc.MetaPathFinder):
    told = []

    def find_spec(self, name, path, target=None):
        if name == "onnxruntime":
            self.told.append(os.environ.get("ORT_DISABLE_TELEMETRY"))

sys.meta_path.insert(0, Watcher())
import aimds
aimds.Defense()
print(json.dumps(Watcher.told))
"""


def run_with_home(home: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Loads the default profile in a process whose home folder is `home`."""
    dropped = ("AIMDS_", "ORT_", "XDG_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    environment |= {"HOME": str(home), "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), **more}
    return subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, cwd=home, env=environment, check=True
    )


def test_the_default_profile_leaves_no_trace_in_the_home_folder(tmp_path):
    """Telemetry is off before onnxruntime is imported, for it begins with the import: no file, no word on stderr."""
    done = run_with_home(tmp_path)
    assert json.loads(done.stdout) == ["1"]
    assert done.stderr == ""
    assert list(tmp_path.rglob("*")) == []


def test_a_host_that_decided_otherwise_is_left_alone(tmp_path):
    """The variable belongs to the whole process: what the host program set stays."""
    assert json.loads(run_with_home(tmp_path, ORT_DISABLE_TELEMETRY="0").stdout) == ["0"]
