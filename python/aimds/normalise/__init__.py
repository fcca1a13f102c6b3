"""Undoes the ways text is hidden and yields canonical text and decoded views."""

from aimds.normalise.stage import NormaliseStage

__all__ = ["NormaliseStage"]
