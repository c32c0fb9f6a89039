"""A site for traps to be beside."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crawlproj.links.traps import Traps

LETTERS = str.maketrans("0123456789", "qrstuvwxyz")


def learn_site(traps: Traps, home: str, menu: str = "") -> None:
    """Learn 100 pages of which each has a word of its own, and leads nowhere."""
    for n in range(100):
        word = str(n).translate(LETTERS)
        traps.learn(f"{home}about-{word}.html", f"{menu}\n{word}", [])
