"""Trains the transformer that ships, on every training row, and writes the files of the second look.

One network: its first layers with a head of their own are the student, the whole is the teacher. The numbers that
join the looks come from `training.look_fusion`: run the leave-one-source-out first (README).

    python -m training.second_look train [--set rows=96000 ...]
    python -m training.second_look export --numbers FILE
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

import torch

from training.checksums import write_sums
from training.corpus import texts_of
from training.encoder import Encoder
from training.evaluate_look import with_options
from training.features import WORK
from training.look_data import load_rows
from training.look_export import write_models, write_words
from training.look_train import Plan, Training
from training.model import OUTPUTS
from training.shipped import LOOK_PLAN, MODELS, SEED
from training.teachers import Teacher, load_e5
from training.words import build

NOTE = "first layers of multilingual-e5-small, fine-tuned on the mixture; training/README.md"
NAME = "second_look"


def trained(plan: Plan, teacher: Teacher, threads: int, start: Path | None) -> None:
    """Trains on all training rows; dev rows are never trained on. `start` is a model to go on from."""
    torch.set_num_threads(threads)
    data = load_rows(SEED)
    words = build(teacher, texts_of(data.rows))
    training = Training(plan, teacher, words, data.training(frozenset()), SEED)
    if start is not None:
        for part in (training.model, training.average):
            part.load_state_dict(torch.load(start, weights_only=True)["state"])
    model = training.run(WORK / f"{NAME}.ckpt", NAME)
    torch.save({"plan": asdict(plan), "state": model.state_dict()}, WORK / f"{NAME}.pt")


def load_trained(teacher: Teacher) -> Encoder:
    """The network that `trained` has saved."""
    saved = torch.load(WORK / f"{NAME}.pt", weights_only=True)
    plan = saved["plan"]
    model = Encoder(teacher, plan["layers"], len(OUTPUTS), 0.0, plan["student_layers"])
    model.load_state_dict(saved["state"])
    model.eval()
    return model


def export(folder: Path, numbers: Path, teacher: Teacher) -> None:
    """Writes `look.safetensors`, `student.onnx` and `teacher.onnx`."""
    words = build(teacher, ())
    write_words(folder / "look.safetensors", words, json.loads(numbers.read_text("utf-8")), NOTE)
    write_models(folder, load_trained(teacher))
    write_sums(folder)
    for path in sorted(folder.iterdir()):
        print(f"{path.name}: {path.stat().st_size / 1e6:.2f} MB")


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=["train", "export"])
    parser.add_argument("--set", nargs="*", default=[], help="settings of the plan, name=value")
    parser.add_argument("--numbers", type=Path, help="what training.look_fusion --json wrote")
    parser.add_argument("--folder", type=Path, default=MODELS)
    parser.add_argument("--start", type=Path, help="go on from this model, such as training/work/second_look.pt")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    if options.part == "export":
        if options.numbers is None:
            raise SystemExit("export needs --numbers: run python -m training.look_fusion --json FILE")
        export(options.folder, options.numbers, load_e5())
        return
    trained(with_options(LOOK_PLAN, options.set), load_e5(), options.threads, options.start)


if __name__ == "__main__":
    main()
