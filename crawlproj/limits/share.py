"""Fair shares of a budget. Pure."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def fair_level(demands: Iterable[int], budget: float) -> float:
    """Return the maximum share of ``budget`` per demand; infinite if all demands fit.

    Max-min fairness (Bertsekas and Gallager, "Data Networks", 2nd ed., §6.5.2): demands below this
    level are met in full, the others get the level.
    """
    rising = sorted(demands)
    if sum(rising) <= budget:
        return inf
    left = budget
    for met, demand in enumerate(rising):
        level = left / (len(rising) - met)
        if demand >= level:
            return level
        left -= demand
    return inf
