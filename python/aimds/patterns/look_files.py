"""Loads the second look that a profile wants from a folder of model files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from aimds._core import TokenTable
from aimds.errors import ArtefactError, ConfigurationError, ErrorCode
from aimds.patterns.look_numbers import LookNumbers
from aimds.patterns.models import load_file, read_file
from aimds.patterns.second_look import SecondLook
from aimds.patterns.transformer import Transformer
from aimds.records import Profile

__all__ = ["load_second_look", "LOOK_FILE", "STUDENT_FILE", "TEACHER_FILE"]

LOOK_FILE: Final = "look.safetensors"
STUDENT_FILE: Final = "student.onnx"
TEACHER_FILE: Final = "teacher.onnx"


def load_second_look(folder: Path, profile: Profile, threads: int = 0) -> SecondLook | None:
    """The second look of a profile; `None` for `fast`, and for `balanced` in a folder that has none of its files.

    Args:
        folder: where the model files are.
        profile: says how much is asked of student and teacher.
        threads: of one run; 0 for the default.

    Raises:
        ArtefactError: a file is missing or damaged, or onnxruntime is not installed.
    """
    if profile is Profile.FAST:
        return None
    if profile is Profile.BALANCED and not any((folder / name).exists() for name in (LOOK_FILE, STUDENT_FILE)):
        return None  # a shipped set that lacks them has been refused before: its list of checksums names them
    table = load_file(folder / LOOK_FILE, TokenTable.load)
    numbers = _numbers(folder / LOOK_FILE, table.metadata_json, profile)
    student = _transformer(folder / STUDENT_FILE, table, threads)
    teacher = _transformer(folder / TEACHER_FILE, table, threads) if numbers.grey is not None else None
    return SecondLook(table, student, teacher, numbers)


def _transformer(path: Path, table: TokenTable, threads: int) -> Transformer:
    return Transformer(read_file(path), path, table.dimension, threads)


def _numbers(path: Path, metadata: str, profile: Profile) -> LookNumbers:
    try:
        numbers = LookNumbers.from_metadata(json.loads(metadata), profile)
    except ValueError as error:
        raise ArtefactError(ErrorCode.ARTEFACT_CORRUPT, place=str(path), reason=f"metadata: {error}") from error
    if profile is Profile.THOROUGH and numbers.grey is None:
        reason = (
            "the second look in this folder has no teacher for the profile `thorough`: choose `balanced`, or point "
            "patterns.models at a folder with a teacher.onnx"
        )
        raise ConfigurationError(ErrorCode.CONFIGURATION_INVALID, place="patterns.profile", reason=reason)
    return numbers
