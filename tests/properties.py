"""How many examples a property is tried with."""

from __future__ import annotations

from hypothesis import settings


def examples(number: int) -> settings:
    """Return settings by which ``number`` examples are enough, and 10 times as many are thorough.

    ``pytest --hypothesis-profile=thorough`` is, as ``make chaos`` runs it.
    """
    # 50 by default, and 500 in that profile: see conftest.py.
    return settings(max_examples=number * settings().max_examples // 50)
