"""A walk through a maze has no end; one through a tree, a list or a web of pages does."""

from __future__ import annotations

import random
from collections import deque
from typing import TYPE_CHECKING

import pytest

from crawlproj.links.mazes import Mazes, Walk

if TYPE_CHECKING:
    from collections.abc import Callable

HOME = "http://a.org/"
BELOW = ("a.org/maze/*",)
WALK = Walk("a.org/maze/*")


def in_maze(*names: str) -> list[str]:
    return [f"{HOME}maze/{name}" for name in names]


def is_due_after(mazes: Mazes, pages: int, *, leaf_every: int = 0) -> bool:
    for number in range(1, pages + 1):
        is_leaf = leaf_every and number % leaf_every == 0
        mazes.take_in(BELOW, 0 if is_leaf else 4)
    return mazes.walk_from(f"{HOME}maze/x") is not None


def test_a_walk_is_due_after_each_hundred_pages_that_lead_on() -> None:
    mazes = Mazes()
    assert not is_due_after(mazes, 99)
    assert is_due_after(mazes, 1)
    assert not is_due_after(mazes, 99)
    assert is_due_after(mazes, 1)


def test_one_page_in_twenty_may_be_a_leaf() -> None:
    assert is_due_after(Mazes(), 110, leaf_every=25)
    assert not is_due_after(Mazes(), 5_000, leaf_every=15)


def test_pages_of_a_series_do_not_lead_on() -> None:
    mazes = Mazes()
    for _ in range(200):
        mazes.take_in(BELOW, 1)
    assert mazes.walk_from(f"{HOME}maze/x") is None


def test_a_directory_of_a_start_page_is_never_one() -> None:
    assert not is_due_after(Mazes([f"{HOME}maze/"]), 100)
    assert not is_due_after(Mazes([f"{HOME}maze/x/y"]), 100)
    assert is_due_after(Mazes([f"{HOME}mazes/"]), 100)


def test_a_walk_begins_in_the_widest_directory_that_is_due() -> None:
    mazes = Mazes()
    for number in range(200):
        mazes.take_in((f"a.org/maze/{'xy'[number % 2]}/*", "a.org/maze/*"), 5)
    assert mazes.walk_from(f"{HOME}other/x/y") is None
    assert mazes.walk_from(f"{HOME}maze/x/y") == WALK


def test_a_walk_goes_on_at_a_page_with_two_new_paths() -> None:
    new = in_maze("b", "c")
    walk = WALK.on(f"{HOME}maze/a", [HOME, *new], new)
    assert walk == Walk("a.org/maze/*", 1, f"{HOME}maze/a")
    for few in (in_maze("b"), in_maze("b?x=1", "b?x=2"), in_maze("b", "a?x=1")):
        assert WALK.on(f"{HOME}maze/a", few, few) is None


def test_only_what_is_in_the_directory_is_a_way_of_the_walk() -> None:
    assert WALK.ways([HOME, f"{HOME}else/x", *in_maze("b/c", "d")]) == in_maze("b/c", "d")


def test_a_walk_may_lead_back_to_its_last_page_and_to_three_others() -> None:
    walk: Walk | None = WALK
    for number in range(20):
        url = f"{HOME}maze/{number}"
        new = in_maze(f"x{number}", f"y{number}")
        known = in_maze("first", *"bc"[: number // 9], *[str(number - 1)] * (number > 0))
        assert walk is not None
        walk = walk.on(url, [HOME, url, *new, *known], new)
    assert walk is not None
    new = in_maze("v", "w")
    assert walk.on(f"{HOME}maze/20", [*new, *in_maze("fourth")], new) is None


def longest_walk(links: Callable[[int], list[int]], first: int, dice: random.Random) -> int:
    """Return how many pages the longest of 20 walks has, each after more of the web was met."""
    longest, met, queue = 0, {first}, deque([first])
    for _ in range(20):
        for _ in range(200):
            if queue:
                for to in links(queue.popleft()):
                    if to not in met:
                        met.add(to)
                        queue.append(to)
        if not queue:
            break
        walk: Walk | None = WALK
        at = queue[0]
        while walk is not None and not walk.is_endless:
            longest = max(longest, walk.pages)
            urls = {f"{HOME}maze/{to}": to for to in links(at)}
            new = [url for url, to in urls.items() if to not in met]
            met.update(urls.values())
            queue.extend(urls[url] for url in new)
            walk = walk.on(f"{HOME}maze/{at}", urls, new)
            if new:
                at = urls[dice.choice(new)]
        longest = max(longest, walk.pages if walk is not None else 0)
    return longest


def tree(ways: int, pages: int) -> Callable[[int], list[int]]:
    return lambda at: [to for to in range(ways * at + 1, ways * at + ways + 1) if to < pages]


def web(ways: int, pages: int) -> Callable[[int], list[int]]:
    return lambda at: random.Random(at).sample(range(pages), ways)  # noqa: S311


@pytest.mark.parametrize("seed", range(5))
def test_walks_end_in_trees_and_in_webs(seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311
    assert longest_walk(tree(2, 20_000), 0, dice) < 20
    assert longest_walk(tree(10, 100_000), 0, dice) < 20
    assert longest_walk(web(3, 20_000), seed, dice) < 100
    assert longest_walk(web(10, 100_000), seed, dice) < 100


def test_a_walk_through_a_maze_does_not_end() -> None:
    numbers = iter(range(1, 10**6))
    assert longest_walk(lambda _: [next(numbers) for _ in range(4)], 0, random.Random(1)) == 200  # noqa: S311
