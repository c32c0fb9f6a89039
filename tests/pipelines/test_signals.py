"""Pages that their site does not want to be stored are dropped."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from scrapy.exceptions import NotConfigured
from scrapy.utils.test import get_crawler

from crawlproj.items import Page
from crawlproj.pipelines.signals import SignalsPipeline, UseForbidden
from crawlproj.reasons import drop_reason
from tests.processes import scrapy
from tests.warc.helpers import exchange
from tests.warc.test_archive import write

if TYPE_CHECKING:
    from pathlib import Path


@dataclass
class Product:
    url: str
    signals: dict[str, Any] | None = None


def pipeline(names: str) -> SignalsPipeline:
    return SignalsPipeline.from_crawler(get_crawler(settings_dict={"RESPECT_SIGNALS": names}))


@pytest.mark.parametrize("kind", [Page, Product])
def test_an_item_is_dropped_if_a_respected_signal_says_no(kind: Any) -> None:
    item = Product("http://a/") if kind is Product else Page("http://a/", "http://a/", 200)
    item.signals = {"ai-train": "no"}
    with pytest.raises(UseForbidden, match=r"http://a/ is not stored: .* ai-train=no") as raised:
        pipeline("ai-train").process_item(item)
    assert drop_reason(raised.value) == "ai-train=no"
    assert pipeline("noai,search").process_item(item) is item
    item.signals = None
    assert pipeline("ai-train").process_item(item) is item


def test_other_items_and_an_empty_setting_are_left_alone() -> None:
    assert pipeline("noai").process_item({"name": "x"}) == {"name": "x"}
    with pytest.raises(NotConfigured):
        pipeline("")


@pytest.mark.slow
def test_signals_are_in_the_store_and_what_they_forbid_is_not(tmp_path: Path) -> None:
    site = "http://a.invalid/"
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nX-Robots-Tag: noarchive\r\n\r\n"
    robots = b"User-agent: *\nContent-Signal: search=yes, ai-train=no\n"
    reserved = b'[{"location": "/", "tdm-reservation": 1, "tdm-policy": "https://a.example/p"}]'
    (tmp_path / "warc").mkdir()
    write(
        tmp_path / "warc",
        exchange(f"{site}robots.txt", robots),
        exchange(f"{site}.well-known/tdmrep.json", reserved),
        exchange(f"{site}secret", response=head + b"<p>the secret", status=200),
        exchange(f"{site}open", b"the rest"),
    )
    (tmp_path / "urls").write_text(f"{site}secret\n{site}open\n")
    place = f"sqlite:///{tmp_path}/x.db"
    code, shown = scrapy(
        *("replay", str(tmp_path / "warc"), "urls", "-a", f"file={tmp_path}/urls"),
        *("-s", f"STORE_URL={place}", "-s", f"FRONTIER_URL={place}", "-s", "TDMREP_ENABLED=1"),
        *("-s", "RESPECT_SIGNALS=noarchive"),
    )
    assert code == 0, shown
    assert "noarchive" in shown
    with closing(sqlite3.connect(tmp_path / "x.db")) as db:
        ((url, found),) = db.execute("SELECT url, signals FROM pages")
        dropped = db.execute("SELECT _page, type, reason, item FROM dropped_items").fetchall()
    assert url == f"{site}open"
    policy = {"tdm-reservation": 1, "tdm-policy": "https://a.example/p"}
    assert json.loads(found) == {"search": "yes", "ai-train": "no", **policy}
    assert [row[:3] for row in dropped] == [(f"{site}secret", "Page", "noarchive")]
    assert json.loads(dropped[0][3]) == {"url": f"{site}secret"}
