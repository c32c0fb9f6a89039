"""The URLs that a crawl that refreshes asks for again."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest
from scrapy import Request

from crawlproj.links.scope import Scope
from crawlproj.refresh.auto import Auto
from crawlproj.spiders.rechecks import Rechecks
from crawlproj.store.base import Checked
from tests.frontier.helpers import run
from tests.limits.models import dice

if TYPE_CHECKING:
    from collections.abc import Sequence

DAY = 86_400.0
HOME = "http://a.test/"


def page(path: str, age_days: float, checks: Sequence[float] = ()) -> Checked:
    history = json.dumps([round(days * DAY) for days in checks]) if checks else None
    at = time.time() - age_days * DAY
    return Checked("pages", f"{HOME}{path}", 0, at, "", False, "x", None, None, history)


def due(*pages: Checked) -> list[str]:
    async def read(table: str, start: str, end: str | None, limit: int) -> list[Checked]:
        rows = [each for each in pages if each.table == table and each.url >= start]
        return sorted((each for each in rows if not end or each.url < end), key=_url)[:limit]

    rechecks = Rechecks(
        Auto(per_day=1000),
        read,
        Scope("host", [HOME]),
        wanted=lambda _: True,
        request=lambda checked: Request(checked.url),
        spot_checks=0.0,
        random=dice(1),
    )

    async def found() -> list[str]:
        return [request.url.removeprefix(HOME) async for request in rechecks.due()]

    return run(found())


def _url(checked: Checked) -> str:
    return checked.url


@pytest.mark.parametrize(
    ("checks", "soon"),
    [([1.0] * 20, True), ([-60.0] * 20, False)],
    ids=["changes", "never changes"],
)
def test_the_rest_of_a_site_tells_how_soon_a_new_page_is_due(
    checks: list[float], soon: bool
) -> None:
    others = [page(f"other{n}", 0.01, checks) for n in range(20)]
    assert ("new" in due(page("new", 2.0), *others)) == soon
