"""A common claim about concurrency models, beside the figures that support or refute it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Claim:
    """statement: the claim as people make it. figure: the measured figures.

    holds: whether the figures support the claim; None if the rounds disagree, or if they do not
        support it and other programs kept the machine busy.
    """

    statement: str
    figure: str
    holds: bool | None


def undecided(claims: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the claims, given as in ``lab.json``, as a busy machine leaves them: none is refuted.

    Other programs hide a difference between two models; they hardly make one up.
    """
    return [{**claim, "holds": claim["holds"] or None} for claim in claims]
