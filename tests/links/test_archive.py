"""The list of a mailing list goes on to its first message, though every message leads to a list."""

from __future__ import annotations

import pytest

from crawlproj.links.budgets import Budgets
from crawlproj.links.traps import Traps
from tests.links.sites import LETTERS, crawl_site

HOME = "http://lists.example/dev/"
MESSAGES, LISTED = 400, 60


def words(n: int) -> str:
    return " ".join(f"{n * each}".translate(LETTERS) for each in (1, 7, 11))


def listed(newest: int) -> tuple[str, list[str]]:
    """Return the text and the links of the list of messages up to one."""
    numbers = range(newest, max(-1, newest - LISTED), -1)
    older = [f"{HOME}?t={numbers[-1] - 1}"] if numbers[-1] else []
    text = "\n".join(["Archive of the list", *(f"About {words(n)}" for n in numbers)])
    return text, [*(f"{HOME}m{n}/" for n in numbers), *older]


def shown(url: str) -> tuple[str, list[str]]:
    rest = url.removeprefix(HOME)
    if rest.startswith("m"):
        n = int(rest[1:-1])
        return f"About {words(n)} {n}\nBody {words(n)} {words(n + 7)}", [HOME, f"{HOME}?t={n}"]
    return listed(int(rest.removeprefix("?t=")) if rest else MESSAGES - 1)


def crawl(chosen: int) -> set[str]:
    """Return what is fetched of the archive, messages first."""
    traps = Traps(Budgets(), [HOME])
    return crawl_site(traps, HOME, shown, chosen=chosen, rank=lambda url: "?" in url)


@pytest.mark.parametrize("chosen", range(8))
def test_a_list_goes_on_though_those_of_most_messages_show_nothing_new(chosen: int) -> None:
    assert {f"{HOME}m{n}/" for n in range(MESSAGES)} <= crawl(chosen)
