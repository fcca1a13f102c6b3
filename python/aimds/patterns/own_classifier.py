"""A sequence classifier of the user's own choice, asked as one further opinion.

A folder with `model.onnx` and `tokenizer.json` runs on onnxruntime and the `tokenizers` library alone; anything else, a
folder or a name on a model hub, runs on transformers and torch. Nothing is fetched unless the user names it; code that
comes with a model is never run, and weights must be safetensors, which hold no code.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from aimds.errors import ArtefactError, ConfigurationError, ErrorCode
from aimds.patterns.deadline import Deadline
from aimds.patterns.look_numbers import logit_of, probability_of
from aimds.patterns.models import read_file
from aimds.patterns.transformer import onnx_session

__all__ = ["load_own_classifier", "OwnClassifier"]

WINDOW_TOKENS_MAX: Final = 512
"""Most published classifiers end there; a longer window would also take quadratic time."""

OVERLAP_TOKENS: Final = 64
"""So that a sentence at the border of two windows stands whole in one of them."""

WINDOWS_MAX: Final = 16
"""At some tens of milliseconds a window, about half a second; of longer texts the suspicious part is handed in."""

CHARACTERS_MAX: Final = 16_384
"""About `WINDOWS_MAX` windows of plain text; tokenizers are not all linear, so the text is bounded before them."""

_TRANSFORMERS_FILES: Final = ("config.json", "adapter_config.json")
"""One of them stands in every folder that transformers can open."""

Encode = Callable[[str], list[dict[str, NDArray[np.int64]]]]
Run = Callable[[dict[str, NDArray[np.int64]]], NDArray[np.float64]]


class OwnClassifier:
    """Gives a text the logit that it is an attack. Safe under threads as far as its library is.

    Args:
        name: what the user called it, for reports.
        encode: cuts a text into windows, each the model's inputs [1, tokens].
        run: logits [labels] of one window.
        positive: indices of the labels that mean attack.
    """

    def __init__(self, name: str, encode: Encode, run: Run, positive: Sequence[int]) -> None:
        self.name: Final = name
        self._encode = encode
        self._run = run
        self._positive = list(positive)

    def logit(self, text: str, deadline: Deadline) -> float:
        """The highest logit over the windows of a text of which at most `CHARACTERS_MAX` characters are read.

        Raises:
            OutOfTimeError: the deadline has passed before all windows were read.
            ValueError: the model's answer is not finite or has too few labels.
            Exception: whatever the library raises.
        """
        windows = self._encode(text[:CHARACTERS_MAX])[:WINDOWS_MAX]
        logits = []
        for window in windows:
            deadline.check()
            logits.append(self._window_logit(window))
        return max(logits)

    def _window_logit(self, window: dict[str, NDArray[np.int64]]) -> float:
        logits = np.asarray(self._run(window), np.float64).reshape(-1)
        if not np.isfinite(logits).all() or len(logits) <= max(self._positive):
            raise ValueError("the answer is not finite or has too few labels")
        if len(logits) == 1:
            return logit_of(probability_of(float(logits[0])))
        shares = np.exp(logits - logits.max())
        return logit_of(float(shares[self._positive].sum() / shares.sum()))


def load_own_classifier(model: str, labels: Sequence[str] = (), threads: int = 0) -> OwnClassifier:
    """Opens the classifier that the user names.

    Args:
        model: a folder, or a name on a model hub (which transformers then fetches).
        labels: names of the labels that mean attack; empty means the second of two labels.
        threads: of one run, with onnxruntime; 0 for the default.

    Raises:
        ArtefactError: a file is missing or not what it should be.
        ConfigurationError: the labels are not the model's; `extra-missing` when the library is not installed.
    """
    folder = Path(model)
    found = next((path for path in (folder / "model.onnx", folder / "onnx" / "model.onnx") if path.is_file()), None)
    if found is not None and (folder / "tokenizer.json").is_file():
        return _from_onnx(folder, found, labels, threads)
    if folder.is_dir() and not any((folder / name).is_file() for name in _TRANSFORMERS_FILES):
        reason = "the folder holds neither model.onnx with tokenizer.json, nor a config.json for transformers"
        raise ArtefactError(ErrorCode.ARTEFACT_MISSING, place=model, reason=reason)
    return _from_transformers(model, labels)


def _positive(names: Mapping[int, str], labels: Sequence[str]) -> list[int]:
    """Which outputs mean attack."""
    if labels:
        wanted = {label.casefold() for label in labels}
        positive = [index for index, name in names.items() if name.casefold() in wanted]
        if len(positive) == len(wanted):
            return positive
    elif len(names) <= 2:
        return [len(names) - 1]
    reason = f"name the labels that mean attack; this model has {', '.join(map(str, names.values()))}"
    raise ConfigurationError(ErrorCode.CONFIGURATION_INVALID, place="patterns.classifier_labels", reason=reason)


def _missing(model: str, extra: str) -> ConfigurationError:
    return ConfigurationError(ErrorCode.EXTRA_MISSING, place=f"patterns.classifier_model ({model})", extra=extra)


def _corrupt(place: str, error: Exception) -> ArtefactError:
    reason = f"it cannot be opened ({type(error).__name__})"
    return ArtefactError(ErrorCode.ARTEFACT_CORRUPT, place=place, reason=reason)


def _from_onnx(folder: Path, model: Path, labels: Sequence[str], threads: int) -> OwnClassifier:
    try:
        from tokenizers import Tokenizer
    except ImportError as error:
        raise _missing(str(folder), "tokenizers") from error
    try:
        tokenizer = Tokenizer.from_str(read_file(folder / "tokenizer.json").decode())
        config = json.loads(read_file(folder / "config.json"))
        names = {int(index): str(name) for index, name in config["id2label"].items()}
        window = min(WINDOW_TOKENS_MAX, int(config.get("max_position_embeddings", WINDOW_TOKENS_MAX)))
        tokenizer.no_padding()
        tokenizer.enable_truncation(window, stride=min(OVERLAP_TOKENS, window // 4))
    except ArtefactError:
        raise
    except Exception as error:  # the library raises plain `Exception`
        raise _corrupt(str(folder), error) from error
    session = onnx_session(str(model), model, threads)
    wanted = [one.name for one in session.get_inputs()]
    output = session.get_outputs()[0].name
    if not set(wanted) <= {"input_ids", "attention_mask", "token_type_ids"}:
        reason = f"its inputs are {', '.join(wanted)}"
        raise ArtefactError(ErrorCode.ARTEFACT_CORRUPT, place=str(model), reason=reason)

    def encode(text: str) -> list[dict[str, NDArray[np.int64]]]:
        first = tokenizer.encode(text)
        return [
            {
                name: np.array([values], np.int64)
                for name, values in (
                    ("input_ids", part.ids),
                    ("attention_mask", part.attention_mask),
                    ("token_type_ids", part.type_ids),
                )
                if name in wanted
            }
            for part in (first, *first.overflowing)
        ]

    def run(inputs: dict[str, NDArray[np.int64]]) -> NDArray[np.float64]:
        return np.asarray(session.run([output], inputs)[0], np.float64)

    return OwnClassifier(folder.name, encode, run, _positive(names, labels))


def _from_transformers(model: str, labels: Sequence[str]) -> OwnClassifier:
    try:
        import torch
        from transformers import AutoModelForSequenceClassification, AutoTokenizer
    except ImportError as error:
        raise _missing(model, "transformers") from error
    try:
        tokenizer: Any = AutoTokenizer.from_pretrained(model, trust_remote_code=False)
        network: Any = AutoModelForSequenceClassification.from_pretrained(
            model, trust_remote_code=False, use_safetensors=True
        )
    except (OSError, ValueError) as error:
        reason = "it is neither a folder with a classifier nor a name that transformers can fetch"
        raise ArtefactError(ErrorCode.ARTEFACT_MISSING, place=model, reason=reason) from error
    except Exception as error:
        raise _corrupt(model, error) from error
    network.eval()
    limit = getattr(network.config, "max_position_embeddings", None) or WINDOW_TOKENS_MAX
    window = min(WINDOW_TOKENS_MAX, int(limit), int(min(tokenizer.model_max_length, math.inf, 10**6)))
    names = {int(index): str(name) for index, name in network.config.id2label.items()}

    def encode(text: str) -> list[dict[str, NDArray[np.int64]]]:
        parts = tokenizer(
            text,
            truncation=True,
            max_length=window,
            stride=min(OVERLAP_TOKENS, window // 4),
            return_overflowing_tokens=True,
        )
        keys = [key for key in ("input_ids", "attention_mask", "token_type_ids") if key in parts]
        return [{key: np.array([parts[key][at]], np.int64) for key in keys} for at in range(len(parts["input_ids"]))]

    def run(inputs: dict[str, NDArray[np.int64]]) -> NDArray[np.float64]:
        with torch.inference_mode():
            answer = network(**{key: torch.from_numpy(value) for key, value in inputs.items()})
        return np.asarray(answer.logits[0].float().tolist(), np.float64)

    return OwnClassifier(model, encode, run, _positive(names, labels))
