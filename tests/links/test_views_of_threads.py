"""Threads are found to the last one, though each message shows its thread once more."""

from __future__ import annotations

from functools import partial

import pytest

from crawlproj.links.budgets import Budgets
from crawlproj.links.traps import Traps
from tests.links.sites import LETTERS, crawl_site, learn_site

HOME = "http://lists.example/"
THREADS, LISTED = 100, 20


def words(n: int) -> str:
    return " ".join(f"{n * each}".translate(LETTERS) for each in (13, 17, 19))


def shown(url: str, replies: int) -> tuple[str, list[str]]:
    """Return the text and the links of a list, a message or a view of its thread."""
    kind, _, value = url.removeprefix(HOME).partition("/")
    if kind not in {"view", "message"}:
        first = int(kind.removeprefix("from") or 0)
        listed = range(first, min(first + LISTED, THREADS))
        older = [f"{HOME}from{first + LISTED}"] if first + LISTED < THREADS else []
        views = [f"{HOME}view/m{each * replies}" for each in listed]
        return "\n".join(["Threads", *(words(each * replies) for each in listed)]), [*views, *older]
    number = int(value.removeprefix("m"))
    if kind == "message":
        return f"Message {words(number)}", [HOME, f"{HOME}view/m{number}"]
    thread = range(number - number % replies, number - number % replies + replies)
    text = "\n".join(["Thread", *(f"Message {words(each)}" for each in thread)])
    return text, [HOME, *(f"{HOME}message/m{each}" for each in thread)]


def crawl(replies: int, chosen: int) -> set[str]:
    """Return what is fetched, in the order in which it is found."""
    traps = Traps(Budgets(), [HOME])
    learn_site(traps, HOME)
    return crawl_site(traps, HOME, partial(shown, replies=replies), chosen=chosen)


@pytest.mark.parametrize("chosen", range(3))
@pytest.mark.parametrize("replies", [4, 60])
def test_views_go_on_though_most_messages_only_show_a_thread_again(
    replies: int, chosen: int
) -> None:
    messages = {f"{HOME}message/m{n}" for n in range(THREADS * replies)}
    assert messages <= crawl(replies, chosen)
