"""Other checkers for certificates: a Lean 4 kernel, Lean itself, or a service. None comes with AIMDS.

A checker reads what is written anew from policy, trace and verdict. It says nothing (`None`) when it accepts, or why
not; whatever goes wrong is a reason. Time and answer are bounded.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

from aimds._core import certificate_texts
from aimds.errors import AimdsError, ConfigurationError, ErrorCode

__all__ = ["Checker", "CommandChecker", "EndpointChecker", "LeanChecker", "NanodaChecker"]

GOAL: Final = "Aimds.verdict"
ANSWER_BYTES_MAX: Final = 64 * 1024
"""Of what a checker prints or a service answers: a verdict has a few lines; more is cut off, and no acceptance."""
ACCEPTED_MAX: Final = 256
"""Streams remembered as accepted, as many as a policy set keeps certificates; 64 bytes each."""
_ENVIRONMENT: Final = ("PATH", "HOME", "LANG", "ELAN_HOME", "LEAN_PATH", "TMPDIR")
"""What a checker's process is told of the environment: secrets of the host are not its business."""
_NANODA_LAST: Final = re.compile(r"Checked [0-9]+ declarations with no errors")
_LEAN_LAST: Final = f"'{GOAL}' does not depend on any axioms"
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class Checker(Protocol):
    """Somebody else who looks at a certificate."""

    name: str

    def check(self, certificate: Mapping[str, Any]) -> str | None:
        """Why it is not accepted; `None` when it is."""
        ...


class _Remembering:
    """What all have in common: the texts written anew, and the memory of what was accepted."""

    name = "checker"

    def __init__(self, limit_ms: float) -> None:
        self._limit_s = limit_ms / 1000
        self._accepted: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()

    def check(self, certificate: Mapping[str, Any]) -> str | None:
        """Why it is not accepted; `None` when it is."""
        try:
            parts = [certificate[name] for name in ("policy", "trace", "verdict", "reason")]
            stream, text = certificate_texts(*parts)
        except (AimdsError, KeyError, TypeError, OverflowError) as fault:
            return f"the certificate cannot be written: {type(fault).__name__}"
        digest = hashlib.sha256(stream.encode()).hexdigest()
        if digest != certificate.get("stream_sha256"):
            return "the stream is another than the certificate's"
        with self._lock:
            if digest in self._accepted:
                return None
        try:
            reason = self._ask(stream.encode(), text.encode(), digest)
        except Exception as fault:  # noqa: BLE001 - an edge: whatever a foreign program or service does is no acceptance
            reason = f"no answer: {type(fault).__name__}"
        if reason is None:
            with self._lock:
                self._accepted[digest] = None
                while len(self._accepted) > ACCEPTED_MAX:
                    self._accepted.popitem(last=False)
        return reason

    def _ask(self, stream: bytes, text: bytes, digest: str) -> str | None:
        raise NotImplementedError


class CommandChecker(_Remembering):
    """A program that reads the export stream on standard input.

    It accepts by exit code 0 and a line that names the goal, `Aimds.verdict`: an exit code alone would also come from a
    program that saw half of the file.
    """

    def __init__(self, command: Sequence[str], limit_ms: float) -> None:
        super().__init__(limit_ms)
        if not command:
            raise _wrong("verify.checker_command", "names no program")
        self._command = tuple(command)
        self.name = Path(self._command[0]).name

    def _ask(self, stream: bytes, text: bytes, digest: str) -> str | None:
        return _refusal(*_run(self._command, stream, self._limit_s))


class NanodaChecker(_Remembering):
    """The kernel nanoda: told in a file to read standard input, to allow no axiom and to print the goal."""

    name = "nanoda"

    def __init__(self, command: Sequence[str], limit_ms: float) -> None:
        super().__init__(limit_ms)
        self._command = tuple(command) or ("nanoda_bin",)

    def _ask(self, stream: bytes, text: bytes, digest: str) -> str | None:
        options = {
            "use_stdin": True, "permitted_axioms": [], "unpermitted_axiom_hard_error": True, "nat_extension": False,
            "string_extension": False, "pp_declars": [GOAL], "unknown_pp_declar_hard_error": True, "pp_to_stdout": True,
            "print_axioms": True, "print_success_message": True, "num_threads": 1,
        }  # fmt: skip
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "options.json"
            path.write_text(json.dumps(options), encoding="utf-8")
            code, answer = _run((*self._command, str(path)), stream, self._limit_s)
        lines = answer.splitlines()
        if code == 0 and not (lines and _NANODA_LAST.fullmatch(lines[-1].strip())):
            return "it does not say that it checked everything"
        return _refusal(code, answer)


class LeanChecker(_Remembering):
    """Lean itself, on the readable text: another rendering of the same decision, elaborated and checked by Lean.

    It accepts by exit code 0, no word of an error or a gap, and Lean's own line that the theorem rests on no axiom:
    silence would also come from a program that is not Lean.
    """

    name = "lean"

    def __init__(self, command: Sequence[str], limit_ms: float) -> None:
        super().__init__(limit_ms)
        self._command = tuple(command) or ("lean",)

    def _ask(self, stream: bytes, text: bytes, digest: str) -> str | None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "Verdict.lean"
            path.write_bytes(text + f"\n#print axioms {GOAL}\n".encode())
            code, answer = _run((*self._command, str(path)), b"", self._limit_s)
        if code != 0:
            return f"it ends with code {code}"
        if re.search("error|sorry", answer):
            return "it reports an error or a gap"
        return None if _LEAN_LAST in answer.splitlines() else f"it does not say that {GOAL} needs no axiom"


class EndpointChecker(_Remembering):
    """A service: the stream is posted; it answers `{"accepted": true, "goal": "Aimds.verdict", "stream_sha256": ..}`.

    Plain HTTP is for this machine alone; redirections are not followed.
    """

    def __init__(self, address: str, limit_ms: float) -> None:
        super().__init__(limit_ms)
        try:
            parts = urlsplit(address)
            port = parts.port
        except ValueError as fault:
            raise _wrong("verify.checker_endpoint", f"expected https://host/path ({fault})") from fault
        if parts.scheme not in ("http", "https") or parts.hostname is None or parts.username is not None:
            raise _wrong("verify.checker_endpoint", "expected https://host/path")
        if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
            raise _wrong("verify.checker_endpoint", "plain http is for this machine only")
        self._secure = parts.scheme == "https"
        self._host, self._port = parts.hostname, port
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self.name = parts.hostname

    def _ask(self, stream: bytes, text: bytes, digest: str) -> str | None:
        kind = HTTPSConnection if self._secure else HTTPConnection
        connection = kind(self._host, self._port, timeout=self._limit_s)
        with contextlib.closing(connection):
            # A time-out of the socket is one of each read: a service that drips would go on for ever. Looking up its
            # name and beginning TLS have the system's own; a service that is reached too late is not asked.
            connected: list[socket.socket] = []
            stop = threading.Timer(self._limit_s, _hang_up, (connected,))
            stop.daemon = True
            stop.start()
            try:
                connection.connect()
                connected.append(connection.sock)
                if stop.finished.is_set():
                    return "it was not reached in time"
                headers = {"Content-Type": "application/x-ndjson", "Accept": "application/json"}
                connection.request("POST", self._path, body=stream, headers=headers)
                response = connection.getresponse()
                answer = response.read(ANSWER_BYTES_MAX + 1)
            finally:
                stop.cancel()
        if response.status != 200:
            return f"status {response.status}"
        if len(answer) > ANSWER_BYTES_MAX:
            return "its answer is too long"
        found = json.loads(answer)
        wanted = {"accepted": True, "goal": GOAL, "stream_sha256": digest}
        agrees = isinstance(found, dict) and all(found.get(name) == value for name, value in wanted.items())
        return None if agrees and found["accepted"] is True else "it does not accept this theorem"


def _hang_up(connected: Sequence[socket.socket]) -> None:
    for each in connected:
        with contextlib.suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)


def _refusal(code: int, answer: str) -> str | None:
    if code != 0:
        return f"it ends with code {code}"
    return None if re.search(rf"(?m)(?<![\w.]){re.escape(GOAL)}(?![\w.])", answer) else f"it does not name {GOAL}"


def _run(command: Sequence[str], given: bytes, limit_s: float) -> tuple[int, str]:
    """Exit code and output of a process; one that runs too long or prints too much is ended, and raises."""
    program = shutil.which(command[0])
    if program is None:
        raise FileNotFoundError(command[0])
    environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    deadline_s = time.monotonic() + limit_s
    with tempfile.TemporaryFile() as source:
        source.write(given)
        source.seek(0)
        process = subprocess.Popen(  # noqa: S603 - the operator's own command, without a shell
            (program, *command[1:]), stdin=source, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment,
            start_new_session=True,
        )  # fmt: skip
        with process:
            try:
                answer = _read(process, deadline_s)
                code = process.wait(max(0.0, deadline_s - time.monotonic()))
            except subprocess.TimeoutExpired as fault:
                raise TimeoutError from fault
            finally:
                # A group of its own: what the program has started ends with it.
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
    return code, answer.decode("utf-8", "replace")


def _read(process: subprocess.Popen[bytes], deadline_s: float) -> bytes:
    answer = b""
    if process.stdout is None:
        return answer
    while True:
        ready, _, _ = select.select([process.stdout], [], [], max(0.0, deadline_s - time.monotonic()))
        if not ready:
            raise TimeoutError
        part = os.read(process.stdout.fileno(), 4096)
        if not part:
            return answer
        answer += part
        if len(answer) > ANSWER_BYTES_MAX:
            raise ValueError("too much output")


def _wrong(place: str, reason: str) -> ConfigurationError:
    return ConfigurationError(ErrorCode.CONFIGURATION_INVALID, place=place, reason=reason)
