"""Over HTTP: slow queries never hold up short ones, and none runs beyond its limit."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.frontier.helpers import run
from tests.serve.helpers import PATIENT, config, fill, page
from tests.serve.live import listening

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

ENDLESS = (
    "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 1000000000) "
    "SELECT count(*) FROM c"
)


def test_short_queries_are_answered_beside_a_flood_of_slow_ones(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/crawl.db"
    fill(url, [page("http://a.test/")])
    sizes = replace(PATIENT, slow=1, slow_queue=2, slow_s=1.0, slow_patience_s=60.0)

    async def flood(place: str) -> None:
        async with httpx.AsyncClient(timeout=120) as client:

            async def slow() -> int:
                answer = await client.post(f"{place}/api/query", json={"sql": ENDLESS})
                if answer.status_code == 503:
                    assert int(answer.headers["retry-after"]) >= 1
                    assert answer.json()["type"].endswith(":lane-full")
                return answer.status_code

            asking = [asyncio.ensure_future(slow()) for _ in range(6)]
            refused, _ = await asyncio.wait(asking, return_when=asyncio.FIRST_COMPLETED)
            assert {task.result() for task in refused} == {503}  # at once
            for _ in range(10):
                answer = await client.get(f"{place}/api/pages")
                assert (answer.status_code, answer.headers["crawlproj-lane"]) == (200, "fast")
            assert sorted(await asyncio.gather(*asking)) == [503] * 3 + [504] * 3
            lanes = (await client.get(f"{place}/api/summary")).json()["lanes"]
            assert (lanes["slow"]["out_of_time"], lanes["slow"]["refused"]) == (3, 3)
            again = await client.post(f"{place}/api/query", json={"sql": "SELECT 1"})
            assert again.json()["rows"] == [[1]]

    with listening(config(url), sizes) as (place, _):
        run(flood(place))
