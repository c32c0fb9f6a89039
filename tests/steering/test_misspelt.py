"""A command that names what the job does not have is doubted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from crawlproj.frontier.commands import Selection
from crawlproj.steering import verbs
from crawlproj.steering.misspelt import of_command, of_selection

if TYPE_CHECKING:
    from crawlproj.frontier.commands import Command

WHO: dict[str, Any] = {"who": "ann@desk", "at": 1000.0}
KNOWN = {"www.example.org", "example.org:8080", "other.test"}


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (verbs.pause("www.exmaple.org", **WHO), "www.exmaple.org: did you mean www.example.org?"),
        (verbs.drain("example.org:8000", **WHO), "did you mean example.org:8080?"),
        (verbs.limit("quite-another", maximum=2, **WHO), "no site quite-another. The command"),
        (verbs.resume("*.exmaple.org", **WHO), "no site *.exmaple.org"),
    ],
)
def test_an_unknown_site_is_doubted_with_the_nearest_one(command: Command, sentence: str) -> None:
    assert sentence in of_command(command, KNOWN)


@pytest.mark.parametrize(
    "command",
    [
        verbs.pause("*", **WHO),
        verbs.pause("other.test", **WHO),
        verbs.pause("*.example.org", **WHO),
        verbs.limit("example.org", maximum=2, **WHO),  # a registrable domain, CONCURRENCY_SCOPE
        verbs.skip(Selection(site="nowhere.test"), **WHO),  # counted before it is given
    ],
)
def test_what_the_job_has_is_not_doubted(command: Command) -> None:
    assert of_command(command, KNOWN) == ""


def test_what_selects_nothing_is_doubted_word_by_word() -> None:
    chosen = Selection(reason="timeuot", site="other.tset", pattern="*/x/*")
    assert list(of_selection(chosen, KNOWN, {"timeout", "dns"})) == [
        "The job has no site other.tset: did you mean other.test?",
        "No URL failed with the reason timeuot: did you mean timeout? (there are: dns, timeout)",
    ]
    assert list(of_selection(Selection("dns", "*.test", "*/x/*"), KNOWN, {"dns"})) == []
    assert list(of_selection(Selection("dns"), KNOWN, set())) == [
        "No URL failed with the reason dns"
    ]
