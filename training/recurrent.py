"""Trains the recurrent network of the temporal room and writes `recurrent.safetensors`.

    python -m training.recurrent --loso             judges sources left out; writes work/recurrent_loso.npz
    python -m training.recurrent --conversations    judges unseen conversations of own kinds that were seen
    python -m training.recurrent                    trains on all, calibrates by the first, prints the dev table

`--set name=value` changes a setting of `training.recurrent_network.NetworkSettings`. One core, some minutes.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import save_file

from aimds._core import RecurrentModel, SessionTable, turn_number_names
from aimds.patterns import models_folder
from aimds.temporal import RECURRENT_FILE
from training.checksums import write_sums
from training.guard import EventScores, Guard
from training.recurrent_loso import (
    Calibration,
    Outcome,
    calibration_of,
    choose_flag,
    conversation_folds,
    key_of,
    leave_out,
    rest_of,
    source_folds,
    table,
    tally,
    training_sessions,
)
from training.recurrent_network import Network, NetworkSettings, logits_of, train
from training.turns import Reader, SessionRow, load_embedding, replay_times, trace_sessions

WORK = Path(__file__).parent / "work" / "recurrent_loso.npz"
SEED = 7
PARITY_MAX = 1e-3
"""Largest difference of a logit between torch and the run time: both use 32 bits, in another order of addition."""


def with_options(options: Sequence[str]) -> NetworkSettings:
    """`name=value` on top of the settings that ship."""
    settings = NetworkSettings()
    for option in options:
        name, _, text = option.partition("=")
        if not hasattr(settings, name):
            raise SystemExit(f"unknown setting {name}")
        settings = replace(settings, **{name: type(getattr(settings, name))(text)})
    return settings


def write_model(path: Path, network: Network, calibration: Calibration, flag: float, embedding: int, note: str) -> None:
    """`recurrent.safetensors`; the layout is section 10 of `docs/model-formats.md`."""

    def plain(tensor: torch.Tensor) -> NDArray[Any]:
        return np.ascontiguousarray(tensor.detach().numpy(), np.float32)

    cell = network.cell
    tensors = {
        "project.weight": plain(network.project.weight.T),
        "input.weight": plain(cell.weight_ih_l0.T),
        "input.bias": plain(cell.bias_ih_l0),
        "recurrent.weight": plain(cell.weight_hh_l0.T),
        "recurrent.bias": plain(cell.bias_hh_l0),
        "output.weight": plain(network.output.weight[0]),
        "output.bias": plain(network.output.bias),
    }
    metadata = {
        "format": "aimds.recurrent",
        "version": 1,
        "model": note,
        "embedding": embedding,
        "numbers": list(turn_number_names()),
        "calibration": {"scale": calibration.scale, "offset": calibration.offset},
        "thresholds": {"flag": flag},
    }
    save_file(tensors, path, metadata={"aimds": json.dumps(metadata)})


def check_parity(path: Path, network: Network, calibration: Calibration, rows: Sequence[SessionRow]) -> float:
    """The largest difference of a logit between the file in the run time and torch; raises when it is too large."""
    model, worst = RecurrentModel.load(path.read_bytes()), 0.0
    for row in rows:
        session = SessionTable(1)
        expected = np.clip(calibration.of(logits_of(network, row)), -20, 20)
        for turn, time_ns, want in zip(row.turns, replay_times(row.turns), expected, strict=True):
            found = session.analyze("s", turn.features, time_ns, model, turn.vector.tobytes()).session_logit
            assert found is not None
            worst = max(worst, abs(found - float(want)))
    if worst > PARITY_MAX:
        raise SystemExit(f"the run time differs from torch by {worst:.2g}")
    return worst


def save_outcomes(outcomes: Sequence[Outcome]) -> None:
    """Logits of all sessions, one after the other; `training/work` is not committed."""
    WORK.parent.mkdir(exist_ok=True)
    np.savez_compressed(
        WORK,
        ids=np.array([key_of(one.row) for one in outcomes]),
        lengths=np.array([len(one.logits) for one in outcomes]),
        rests=np.array([one.rest for one in outcomes]),
        logits=np.concatenate([one.logits for one in outcomes]),
    )


def load_outcomes(rows: Sequence[SessionRow]) -> list[Outcome]:
    """What `save_outcomes` kept, with its sessions."""
    if not WORK.is_file():
        raise SystemExit("run `python -m training.recurrent --loso` first: it gives calibration and threshold")
    data = np.load(WORK)
    known = {key_of(row): row for row in rows}
    parts = np.split(data["logits"], np.cumsum(data["lengths"])[:-1])
    return [
        Outcome(known[str(name)], logits, float(rest))
        for name, logits, rest in zip(data["ids"], parts, data["rests"], strict=True)
    ]


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--loso", action="store_true", help="judge sources left out, write no model")
    parser.add_argument("--conversations", action="store_true", help="judge own conversations left out, write no model")
    parser.add_argument("--set", nargs="*", default=[], help="settings, name=value")
    parser.add_argument("--folder", type=Path, default=models_folder())
    options = parser.parse_args()
    torch.set_num_threads(1)
    settings, embedding, guard = with_options(options.set), load_embedding(), Guard()
    reader = Reader(embedding)
    rows, singles = training_sessions(reader)
    if options.loso:
        save_outcomes(leave_out(rows, singles, settings, SEED, source_folds(rows)))
    outcomes = load_outcomes(rows)
    calibration = Calibration(*calibration_of(outcomes))
    cache: dict[str, list[EventScores]] = {}
    flag = choose_flag(outcomes, guard, calibration, cache)
    print(f"calibration {calibration}, threshold {flag:.2f}")
    if options.conversations:
        outcomes = leave_out(rows, singles, settings, SEED, conversation_folds(rows))
    if options.loso or options.conversations:
        print(table(tally(outcomes, guard, calibration, flag, cache), outcomes))
        return
    network = train(rows, singles, settings, SEED, print)
    path = options.folder / RECURRENT_FILE
    write_model(path, network, calibration, flag, embedding.fingerprint, f"gru {settings.hidden}, seed {SEED}")
    dev = [reader.session(row) for row in trace_sessions("dev")]
    worst = check_parity(path, network, calibration, dev)
    print(f"{path}: {path.stat().st_size} bytes, differs from torch by {worst:.1g}")
    write_sums(options.folder)
    judged = [Outcome(row, logits_of(network, row), rest_of(network)) for row in dev]
    print(table(tally(judged, guard, calibration, flag, {}), judged))


if __name__ == "__main__":
    main()
