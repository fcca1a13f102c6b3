"""One transformer of the second look, run by onnxruntime on the processor."""

from __future__ import annotations

import logging
import math
import os
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from aimds.errors import ArtefactError, ErrorCode
from aimds.ports import switch_telemetry_off

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Transformer", "onnx_session", "thread_count"]

THREADS_DEFAULT: Final = 2
"""Threads of one run: a second one nearly halves a window's time, further ones bring little for so small a model."""

_LOG_SEVERITY: Final = 3
"""Errors only: a guard's library must not write into its host's log, least of all what it reads."""

_SLOWER_ON_PROCESSORS: Final = ("SkipLayerNormFusion",)
"""Fusions of onnxruntime that cost more than they save: this kernel takes seven times as long as its parts (1.32)."""

_LOG = logging.getLogger("aimds")


def thread_count(threads: int) -> int:
    """The threads of one run: as given, or for 0 two, if there are as many processors for this process."""
    if threads > 0:
        return threads
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
    return min(THREADS_DEFAULT, available)


def onnx_session(model: bytes | str, place: Path, threads: int) -> Any:
    """A session on the processor, without telemetry.

    onnxruntime is imported here and not at the top: it takes a tenth of a second that `import aimds` need not.

    Args:
        model: the bytes of the model, or its path (then external data beside it is found too).
        place: named in errors.
        threads: of one run; 0 for the default.

    Raises:
        ArtefactError: `artefact-missing` without onnxruntime, `artefact-corrupt` for a file that it refuses.
    """
    switch_telemetry_off()
    try:
        import onnxruntime
    except ImportError as error:
        reason = "onnxruntime cannot be imported: pip install onnxruntime, or choose the profile `fast`"
        raise ArtefactError(ErrorCode.ARTEFACT_MISSING, place=str(place), reason=reason) from error
    onnxruntime.disable_telemetry_events()  # for a host that imported it earlier
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = thread_count(threads)
    options.inter_op_num_threads = 1
    options.log_severity_level = _LOG_SEVERITY
    options.use_deterministic_compute = True
    # A guard shares its processors with what it guards: threads wait awake within a run, which saves a third of it, and
    # sleep between runs.
    options.add_session_config_entry("session.intra_op.allow_spinning", "1")
    options.add_session_config_entry("session.force_spinning_stop", "1")
    try:
        return onnxruntime.InferenceSession(
            model, options, providers=["CPUExecutionProvider"], disabled_optimizers=_SLOWER_ON_PROCESSORS
        )
    except Exception as error:
        _LOG.debug("onnxruntime refuses %s: %s", place, type(error).__name__)
        reason = f"onnxruntime cannot load it ({type(error).__name__})"
        raise ArtefactError(ErrorCode.ARTEFACT_CORRUPT, place=str(place), reason=reason) from error


class Transformer:
    """Word vectors in, logits out. Safe under threads; the same window gives the same logits whatever else runs.

    One window a run: the int8 models scale their activations by the largest value in the whole batch, so in a batch
    one event's logits would depend on its neighbours. Nor do batches gain time on a processor (`benches/record/`).

    Args:
        data: the bytes of an ONNX model with inputs `embeddings` and `mask` and an output `logits`.
        place: its file, for errors.
        dimension: length of a word vector.
        threads: of one run; 0 for the default.

    Raises:
        ArtefactError: onnxruntime is missing, or the file is no such model.
    """

    def __init__(self, data: bytes, place: Path, dimension: int, threads: int = 0) -> None:
        self._session = onnx_session(data, place, threads)
        found = {one.name: (one.type, len(one.shape)) for one in self._session.get_inputs()}
        expected = {"embeddings": ("tensor(float)", 3), "mask": ("tensor(int64)", 2)}
        if found != expected or [one.name for one in self._session.get_outputs()] != ["logits"]:
            reason = "its inputs must be embeddings (f32 of rank 3) and mask (i64 of rank 2), its output logits"
            raise ArtefactError(ErrorCode.ARTEFACT_CORRUPT, place=str(place), reason=reason)
        self.bytes: Final = len(data)
        try:
            self.logits(np.zeros((1, 2, dimension), np.float32), np.ones((1, 2), np.int64))
        except Exception as error:  # it is asked once, so that a model of another shape is refused at the start
            reason = f"it does not answer {dimension} dimensions with logits ({type(error).__name__})"
            raise ArtefactError(ErrorCode.ARTEFACT_CORRUPT, place=str(place), reason=reason) from error

    def logits(self, embeddings: NDArray[np.float32], mask: NDArray[np.int64]) -> tuple[float, float]:
        """Logits of an attack and of a harmful request for one window [1, tokens, dimension] and its mask [1, tokens].

        Raises:
            ValueError: the answer is no two finite numbers.
            Exception: whatever onnxruntime raises.
        """
        (logits,) = self._session.run(["logits"], {"embeddings": embeddings, "mask": mask})
        row = np.asarray(logits, np.float64)
        if row.ndim != 2 or row.shape[0] != 1 or row.shape[1] < 2:
            raise ValueError("the answer has another shape")
        attack, harmful = float(row[0, 0]), float(row[0, 1])
        if not (math.isfinite(attack) and math.isfinite(harmful)):
            raise ValueError("the answer is not finite")
        return attack, harmful
