"""With NEAR_DUPLICATES, pages that are nearly the same stop being followed."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from scrapy.settings import Settings

from crawlproj.errors import ConfigError
from crawlproj.spiders.budgets import similar_texts_of
from tests.links.trap_web import WORDS
from tests.processes import scrapy
from tests.warc.helpers import exchange
from tests.warc.test_archive import write

if TYPE_CHECKING:
    from pathlib import Path

PAGES = 60


@pytest.mark.parametrize("share", ["1.5", "0.2", "-1", "many"])
def test_a_share_that_is_none_is_an_error_that_names_the_setting(share: str) -> None:
    with pytest.raises(ConfigError, match="NEAR_DUPLICATES"):
        similar_texts_of(Settings({"NEAR_DUPLICATES": share}))
    assert similar_texts_of(Settings()) is None


def town(n: int) -> bytes:
    name = WORDS[n]
    lines = "".join(f"<p>{word} from {name} to you" for word in WORDS[:40])
    links = f"<nav>{WORDS[n + 200]} <a href=/town/{WORDS[n + 1]}.html>next</a></nav>"
    return f"<!doctype html><title>{name}</title>{links}<main>{lines}</main>".encode()


@pytest.mark.slow
@pytest.mark.parametrize(("share", "whole"), [("0", True), ("0.9", False)])
def test_a_chain_of_near_duplicates_ends(share: str, whole: bool, tmp_path: Path) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"
    start = head + b"<a href=/town/%s.html>towns</a>" % WORDS[0].encode()
    site = "http://a.invalid/"
    (tmp_path / "warc").mkdir()
    write(
        tmp_path / "warc",
        exchange(site, response=start),
        *(exchange(f"{site}town/{WORDS[n]}.html", response=head + town(n)) for n in range(PAGES)),
    )
    place = f"sqlite:///{tmp_path}/x.db"
    code, shown = scrapy(
        *("replay", str(tmp_path / "warc"), "site", "-a", f"url={site}"),
        *("-s", f"STORE_URL={place}", "-s", f"FRONTIER_URL={place}"),
        *("-s", f"NEAR_DUPLICATES={share}"),
    )
    assert code == 0, shown
    with closing(sqlite3.connect(tmp_path / "x.db")) as db:
        ((pages,),) = db.execute("SELECT count(*) FROM pages")
        skipped = db.execute("SELECT reason, detail FROM skipped").fetchall()
    assert (pages == PAGES + 1) is whole
    traps = [detail for reason, detail in skipped if reason == "trap"]
    assert bool(traps) is not whole
    assert all("a.invalid/town/*" in detail for detail in traps)
