"""A directory whose pages only lead on is a maze; what people make is not."""

from __future__ import annotations

from crawlproj.links.budgets import Budgets
from crawlproj.links.mazes import Mazes
from crawlproj.links.traps import Traps

BELOW = ("a.org/maze/*",)


def pages_until_found(mazes: Mazes, *, new: int = 8, back_every: int = 0) -> int:
    """Return after how many pages a maze is found; 0 if not after 5,000."""
    for number in range(1, 5_001):
        back = bool(back_every) and number % back_every == 0
        if mazes.take_in(BELOW, new, leads_back=back):
            return number
    return 0


def test_a_directory_is_a_maze_once_a_hundred_pages_only_led_on() -> None:
    assert pages_until_found(Mazes()) == 100
    assert pages_until_found(Mazes(), new=2) == 100


def test_one_page_in_twenty_may_lead_back() -> None:
    assert 100 < pages_until_found(Mazes(), back_every=25) <= 110
    assert pages_until_found(Mazes(), back_every=15) == 0


def test_a_series_of_pages_and_leaves_are_no_maze() -> None:
    assert pages_until_found(Mazes(), new=1) == 0
    assert pages_until_found(Mazes(), new=0) == 0


def test_a_directory_of_a_start_page_is_never_one() -> None:
    assert pages_until_found(Mazes(["http://a.org/maze/"])) == 0
    assert pages_until_found(Mazes(["http://a.org/maze/x/y"])) == 0
    assert pages_until_found(Mazes(["http://a.org/mazes/"])) == 100


def test_the_widest_directory_that_only_leads_on_is_found() -> None:
    mazes = Mazes()
    for number in range(200):
        below = (f"a.org/maze/{number % 40}/*", "a.org/maze/*")
        if found := mazes.take_in(below, 5, leads_back=False):
            assert (found, number) == ("a.org/maze/*", 99)
            return
    raise AssertionError("no maze was found")


def test_a_maze_of_new_words_ends_and_no_page_beside_it() -> None:
    traps = Traps(Budgets(), ["http://a.org/"])
    for number in range(120):
        url = f"http://a.org/maze/w{number}x"
        ways = [f"{url}{way}y" for way in "abcd"]
        trap = traps.learn(url, f"quick{number}brown fox{number}", ways, back=False)
        assert trap == ("a.org/maze/*" if number == 99 else "")
        other = f"http://a.org/real/w{number}x"
        assert not traps.learn(other, f"lazy{number}dog cat{number}", ways, back=True)
    assert "only lead on" in traps.why_not("http://a.org/maze/other")
    assert not traps.why_not("http://a.org/real/other")
