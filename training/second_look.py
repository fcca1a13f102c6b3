"""Trains the transformers that ship, on every training row, and writes the files of the second look.

The numbers that join the looks come from `training.look_fusion`: run the leave-one-source-out first (README).

    python -m training.second_look student [--set rows=96000 ...] [--to NAME]
    python -m training.second_look teacher [--set layers=8 ...] [--to NAME]
    python -m training.second_look teacher --start training/work/NAME.pt --set layers=8 early_layers=0 rows=40000
    python -m training.second_look teacher --average training/work/NAME.pt training/work/OTHER.pt --set layers=8
    python -m training.second_look export --numbers FILE

Each writes `training/work/student.pt` or `teacher.pt`, or the file of another name that `--to` gives. The third goes on
with the lower layers of a network of two heads alone, the fourth takes the mean of several (README).
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import torch

from training.checksums import write_sums
from training.corpus import texts_of
from training.encoder import Encoder
from training.evaluate_look import with_options
from training.features import WORK
from training.look_data import load_rows
from training.look_export import write_model, write_words
from training.look_train import Plan, Training, averaged
from training.model import OUTPUTS
from training.shipped import MODELS, SEED, STUDENT_PLAN, TEACHER_PLAN
from training.teachers import Teacher, load_e5
from training.words import build

NOTE = "first layers of multilingual-e5-small, fine-tuned on the mixture; training/README.md"
PLANS = {"student": STUDENT_PLAN, "teacher": TEACHER_PLAN}


def trained(
    name: str, plan: Plan, threads: int, start: Path | None, seed: int = SEED, guide: Encoder | None = None
) -> None:
    """Trains one transformer on all training rows; dev rows are never trained on.

    Args:
        name: of the file in `training/work`.
        plan: how it is trained.
        threads: of torch.
        start: a model to go on from.
        seed: of the draws.
        guide: a deeper model whose opinion is learnt besides the label.
    """
    torch.set_num_threads(threads)
    teacher, data = load_e5(), load_rows(SEED)
    words = build(teacher, texts_of(data.rows))
    training = Training(plan, teacher, words, data.training(frozenset()), seed, guide)
    if start is not None:
        training.start_from(start)
    model = training.run(WORK / f"{name}.ckpt", name)
    torch.save({"plan": asdict(plan), "state": model.state_dict()}, WORK / f"{name}.pt")
    (WORK / f"{name}.ckpt").unlink()


def save_average(name: str, models: Sequence[Path], layers: int) -> None:
    """The mean of models under the name of one that ships."""
    model = averaged(models, load_e5(), layers)
    torch.save({"plan": asdict(Plan(layers=layers)), "state": model.state_dict()}, WORK / f"{name}.pt")


def load_trained(name: str, teacher: Teacher) -> Encoder:
    """A transformer that `trained` has saved."""
    saved = torch.load(WORK / f"{name}.pt", weights_only=True)
    model = Encoder(teacher, saved["plan"]["layers"], len(OUTPUTS), 0.0, saved["plan"].get("early_layers", 0))
    model.load_state_dict(saved["state"])
    model.eval()
    return model


def export(folder: Path, numbers: Path, teacher: Teacher) -> None:
    """Writes `look.safetensors`, `student.onnx`, and `teacher.onnx` when one was trained."""
    words = build(teacher, ())
    write_words(folder / "look.safetensors", words, json.loads(numbers.read_text("utf-8")), NOTE)
    for name in PLANS:
        if (WORK / f"{name}.pt").is_file():
            model = load_trained(name, teacher)
            if model.early_last is not None:
                raise SystemExit(f"{name}.pt has two heads still: train its lower layers on alone (training/README.md)")
            write_model(folder / f"{name}.onnx", model)
    write_sums(folder)
    for path in sorted(folder.iterdir()):
        print(f"{path.name}: {path.stat().st_size / 1e6:.2f} MB")


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=[*PLANS, "export"])
    parser.add_argument("--set", nargs="*", default=[], help="settings of the plan, name=value")
    parser.add_argument("--numbers", type=Path, help="what training.look_fusion --json wrote")
    parser.add_argument("--folder", type=Path, default=MODELS)
    parser.add_argument("--start", type=Path, help="go on from this model, such as training/work/student.pt")
    parser.add_argument("--to", help="the name of what is made, if not that of the part")
    parser.add_argument("--average", type=Path, nargs="+", help="no training: the mean of these models")
    parser.add_argument("--guide", type=Path, nargs="+", help="learn from the mean of these teachers as well")
    parser.add_argument("--seed", type=int, default=SEED, help="of the draws; another one when going on")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    if options.part == "export":
        if options.numbers is None:
            raise SystemExit("export needs --numbers: run python -m training.look_fusion --student NAME --json FILE")
        export(options.folder, options.numbers, load_e5())
        return
    plan = with_options(PLANS[options.part], options.set)
    if options.average:
        save_average(options.to or options.part, options.average, plan.layers)
        return
    guide = averaged(options.guide, load_e5(), PLANS["teacher"].early_layers) if options.guide else None
    trained(options.to or options.part, plan, options.threads, options.start, options.seed, guide)


if __name__ == "__main__":
    main()
