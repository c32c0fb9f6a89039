"""A file that is the same at most commits ends, though each of its pages names its commit."""

from __future__ import annotations

from hashlib import sha1

import pytest

from crawlproj.links.budgets import Budgets
from crawlproj.links.news import without_tokens
from crawlproj.links.traps import Traps
from tests.links.sites import LETTERS, crawl_site, learn_site

HOME = "http://git.example/repository/"
COMMITS, FILES = 160, ("lively", "quiet-one", "quiet-two", "quiet-three", "quiet-four")
EVERY = 8  # commits, one changes the lively file
NAMES = [sha1(f"{n}".encode(), usedforsecurity=False).hexdigest() for n in range(COMMITS)]


def words(n: int) -> str:
    return " ".join(f"{n * each}".translate(LETTERS) for each in (13, 17, 19))


def version_of(file: str, commit: int) -> int:
    return commit // EVERY if file == "lively" else 1_000 + FILES.index(file)


def shown(url: str) -> tuple[str, list[str]]:
    """Return the text and the links of the log, a commit or a file at a commit."""
    kind, _, rest = url.removeprefix(HOME).partition("/")
    if not kind:
        return "Log", [f"{HOME}commit/{name}/" for name in NAMES]
    name, _, file = rest.partition("/")
    number = NAMES.index(name)
    if kind == "commit":
        return f"Commit {name}\n{words(5_000 + number)}", [f"{HOME}blob/{name}/{f}" for f in FILES]
    # Whole and abbreviated, as pages do.
    return f"{file} @{name[:7]}\n{words(version_of(file, number))}\nraw {name}", [HOME]


@pytest.mark.parametrize("chosen", range(3))
def test_a_file_ends_that_is_the_same_at_all_commits_and_one_goes_on_that_changes(
    chosen: int,
) -> None:
    traps = Traps(Budgets(), [HOME])
    learn_site(traps, HOME)
    fetched = crawl_site(traps, HOME, shown, chosen=chosen)
    assert {f"{HOME}commit/{name}/" for name in NAMES} <= fetched
    lively = {n for n in range(COMMITS) if f"{HOME}blob/{NAMES[n]}/lively" in fetched}
    assert {n // EVERY for n in lively} == set(range(COMMITS // EVERY))
    quiet = sum("/quiet-" in url for url in fetched)
    assert quiet < 4 * COMMITS / 2  # of 4 files


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (f"at {NAMES[1]}", "at "),
        (f"at ({NAMES[1][:7]})", "at ()"),
        (f"at {NAMES[2]}", f"at {NAMES[2]}"),  # another commit
        (f"at {NAMES[1][:7]}zz", f"at {NAMES[1][:7]}zz"),
        ("blob of the repository", "blob of the repository"),
    ],
)
def test_a_page_is_read_without_the_name_that_a_program_made_for_its_url(
    text: str, left: str
) -> None:
    assert without_tokens(text, f"{HOME}blob/{NAMES[1]}/file") == left
    assert without_tokens(text, f"{HOME}blob?id={NAMES[1]}&file=1") == left
