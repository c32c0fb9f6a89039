"""One link of each page of a walk comes first, and carries the walk to its page."""

from __future__ import annotations

import json

from scrapy import Request
from scrapy.http import HtmlResponse
from scrapy.utils.test import get_crawler

from crawlproj.links.budgets import Budgets
from crawlproj.links.traps import Traps
from crawlproj.spiders.maze_walks import MazeWalks
from crawlproj.spiders.site import SiteSpider
from tests.links.sites import learn_site

HOME = "http://a.org/"
BELOW = ("a.org/maze/*",)


class Maze:
    """A maze whose pages lead to three others, to the home page, and to what is known of it."""

    def __init__(self) -> None:
        self.traps = Traps(Budgets(), [HOME])
        self.warned: list[str] = []
        self.walks = MazeWalks(self.traps, self.warned.append)

    def make_a_walk_due(self) -> None:
        for _ in range(100):
            self.traps.mazes.take_in(BELOW, 3)

    def next_of(self, request: Request, *known: str, new: int = 3) -> Request | None:
        """Return the request that comes first after a page; None if all have the same priority."""
        ways = [f"{request.url}/{n}" for n in range(new)]
        requests = list(
            self.walks.lead(
                HtmlResponse(request.url, request=request),
                [HOME, *known, *ways],
                (Request(way) for way in ways),
            )
        )
        assert [each.url for each in requests] == ways
        first = [each for each in requests if each.priority]
        assert len(first) <= 1
        return first[0] if first else None


def test_no_request_comes_first_before_a_walk_is_due() -> None:
    maze = Maze()
    assert maze.next_of(Request(f"{HOME}maze/a")) is None
    maze.make_a_walk_due()
    assert maze.next_of(Request(f"{HOME}else/a")) is None
    assert maze.next_of(Request(f"{HOME}maze/a")) is not None
    assert maze.next_of(Request(f"{HOME}maze/b")) is None


def steps_of_walk(first: Maze, others: Maze) -> int:
    """Return how many pages a walk has; ``others`` is the process that fetches all but one."""
    first.make_a_walk_due()
    request, steps = first.next_of(Request(f"{HOME}maze/a")), 1
    while request is not None:
        stored = json.loads(json.dumps(request.meta))
        request = others.next_of(Request(f"{HOME}maze/{steps}", meta=stored), f"{HOME}maze/first")
        steps += 1
    return steps


def test_a_walk_without_end_ends_the_directory_even_in_another_process() -> None:
    maze, other = Maze(), Maze()
    learn_site(other.traps, HOME)
    assert steps_of_walk(maze, other) == 200
    assert other.warned == ["a.org/maze/*"]
    assert "200 pages in a row only led on" in other.traps.why_not(f"{HOME}maze/x")
    assert not other.traps.why_not(f"{HOME}real/x")
    assert not maze.traps.found


def test_a_directory_that_is_the_whole_site_is_no_maze() -> None:
    maze = Maze()
    assert steps_of_walk(maze, maze) == 200
    assert not maze.traps.found


def test_a_walk_ends_at_a_leaf_and_at_a_page_with_very_many_links() -> None:
    maze = Maze()
    for new in (1, 0, 1_001):
        maze.make_a_walk_due()
        first = maze.next_of(Request(f"{HOME}maze/a"))
        assert first is not None
        assert maze.next_of(first, new=new) is None
    assert not maze.traps.found


def test_a_damaged_walk_is_left_out() -> None:
    maze = Maze()
    stored: tuple[object, ...] = ("x", [1, 2, 3, 4], ["a.org/maze/*", "9", "", []], {})
    for damaged in stored:
        request = Request(f"{HOME}maze/a", meta={"maze_walk": damaged})
        assert maze.next_of(request) is None


def test_no_walk_is_made_in_a_crawl_of_limited_depth_or_one_that_looks_for_no_traps() -> None:
    def walks(**settings: object) -> MazeWalks | None:
        crawler = get_crawler(SiteSpider, settings_dict=settings)
        return SiteSpider.from_crawler(crawler, HOME).walks

    assert walks() is not None
    assert walks(DEPTH_LIMIT=9) is None
    assert walks(TRAPS_ENABLED=False) is None
