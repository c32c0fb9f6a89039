"""The demo says where its results are."""

from __future__ import annotations

from scrapy.settings import Settings

from crawlproj.commands.demo import scrapy_command, where_results_are

OWN = "sqlite:///demo.db"


def last_lines(**urls: str) -> str:
    return where_results_are(Settings({"FRONTIER_URL": OWN, "STORE_URL": OWN} | urls))


def test_the_demo_names_its_own_database() -> None:
    text = last_lines()
    assert "sqlite3 demo.db" in text
    assert f"  {scrapy_command()} status -s FRONTIER_URL=sqlite:///demo.db\n" in text


def test_the_demo_names_the_store_that_the_user_chose_without_its_password() -> None:
    text = last_lines(STORE_URL="postgresql://me:secret@db/pages")
    assert "postgresql://***@db/pages" in text
    assert "secret" not in text
    assert "sqlite3" not in text


def test_the_demo_says_that_nothing_was_stored() -> None:
    assert "STORE_URL is empty" in last_lines(STORE_URL="")


def test_the_demo_asks_no_frontier_that_it_did_not_use() -> None:
    assert " status -s" not in last_lines(FRONTIER_URL="memory:")
