"""The verify room: what the operator's policies say about the event, with a certificate where it is grave."""

from aimds.verify.stage import VerifyStage

__all__ = ["VerifyStage"]
