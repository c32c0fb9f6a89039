"""A common claim about concurrency models, beside the figures that support or refute it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Claim:
    """statement: the claim as people make it. figure: the measured figures.

    holds: whether the figures support the claim; None if the rounds disagree.
    """

    statement: str
    figure: str
    holds: bool | None
