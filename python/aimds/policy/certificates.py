"""Checks certificates anew, for `aimds audit verify --certificate-check aimds.policy.certificates:check`."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final

from aimds._core import verify_certificate
from aimds.errors import InputError

__all__ = ["check"]

_VERSION: Final = 1
_TEXTS: Final = ("policy", "trace", "verdict", "prelude_sha256", "stream_sha256")


def check(certificate: Any, data: Mapping[str, Any]) -> str | None:
    """Why a certificate is refused, or `None`.

    The theorem is written anew from policy, trace and verdict; its bytes must have the recorded hash, and filter and
    kernel must accept it. Then it must fit its record: what a policy denies is not allowed. The names in it (`set`,
    `rule`, `atoms`) are for people: no theorem speaks of them, and only the chain of the trail guards them.

    Args:
        certificate: as the verify stage put it into the trail.
        data: the record's data.
    """
    if not isinstance(certificate, Mapping) or certificate.get("version") != _VERSION:
        return f"it is no certificate of version {_VERSION}"
    texts = {name: certificate.get(name) for name in _TEXTS}
    if not all(isinstance(text, str) for text in texts.values()):
        return "a part is missing or no text"
    reason = certificate.get("reason")
    if reason is not None and (isinstance(reason, bool) or not isinstance(reason, int) or reason < 0):
        return "its reason is no number of a rule"
    if certificate.get("axioms") != [] or certificate.get("outcome") != "accepted":
        return "it does not claim to be a proof"
    for name in ("policy", "trace"):
        if hashlib.sha256(str(texts[name]).encode("utf-8", "replace")).hexdigest() != certificate.get(f"{name}_sha256"):
            return f"the hash of its {name} is another"
    try:
        outcome = verify_certificate(reason=reason, **texts)  # type: ignore[arg-type]
    except InputError as fault:
        return str(fault)
    except OverflowError:
        return "its reason is no number of a rule"
    if outcome != "accepted":
        return outcome
    verdict = data.get("verdict")
    action = verdict.get("action") if isinstance(verdict, Mapping) else None
    if texts["verdict"] == "deny" and action == "ALLOW":
        return "it proves a denial, but the record says ALLOW"
    return None
