from __future__ import annotations

import http.client
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from crawlproj.demo import DemoWeb, SiteSpec
from crawlproj.demo.spec import path_of
from crawlproj.errors import ConfigError, CrawlprojError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

pytestmark = pytest.mark.slow

SURE = {"sigma": 0.0}  # every service takes as long


@contextmanager
def serving(folder: Path, **weathers: Mapping[str, object]) -> Iterator[DemoWeb]:
    specs = [
        SiteSpec(name, "small", pages=1000, weather={**SURE, **weather})
        for name, weather in weathers.items()
    ]
    with DemoWeb(specs, folder / "access.log", folder / "answers.log") as web:
        yield web


def connect(web: DemoWeb, site: str = "site", timeout_s: float = 10) -> http.client.HTTPConnection:
    parts = urlsplit(web.url(site))
    return http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=timeout_s)


def get(
    web: DemoWeb, path: str, site: str = "site", timeout_s: float = 10
) -> tuple[int, dict[str, str], bytes]:
    with closing(connect(web, site, timeout_s)) as connection:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, dict(response.getheaders()), response.read()


def took(web: DemoWeb, path: str) -> float:
    """Seconds from the page's arrival to its answer, by the log."""
    line = next(line for line in web.answers() if line.path == path)
    return line.ended - line.arrived


def answered(web: DemoWeb, number: int) -> None:
    """Wait until so many answers are in the log."""
    deadline = time.monotonic() + 5
    while len(web.answers()) < number:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_page_is_small_and_comes_after_its_service_time(tmp_path: Path) -> None:
    with serving(tmp_path, site={"service_s": 0.1}) as web:
        status, _, body = get(web, path_of(7))
        assert status == 200
        assert b"Page 7: " in body
        assert 1000 < len(body) < 2000
        assert took(web, path_of(7)) >= 0.1


def test_requests_beyond_the_workers_queue(tmp_path: Path) -> None:
    with serving(tmp_path, site={"workers": 2, "service_s": 0.15}) as web:
        paths = [path_of(n) for n in range(1, 7)]
        with ThreadPoolExecutor(6) as pool:
            assert {status for status, _, _ in pool.map(lambda path: get(web, path), paths)} == {
                200
            }
        waves = sorted(took(web, path) / 0.15 for path in paths)
    # The last may arrive a little after the first; on a busy machine each may take longer.
    assert all(wave > least for wave, least in zip(waves, (1, 1, 1.5, 1.5, 2.5, 2.5), strict=True))


def test_the_sites_time_starts_with_its_first_page(tmp_path: Path) -> None:
    with serving(tmp_path, site={"service_s": [[0, 0.01], [0.5, 0.3]]}) as web:
        get(web, "/robots.txt")
        time.sleep(0.6)
        get(web, path_of(1))
        time.sleep(0.6)
        get(web, path_of(2))
        assert took(web, path_of(1)) < 0.3
        assert took(web, path_of(2)) >= 0.3


def test_a_429_carries_the_limiters_headers(tmp_path: Path) -> None:
    weather = {"rate": 1, "service_s": 0.01, "retry_after": True, "headers": "draft"}
    with serving(tmp_path, site=weather) as web:
        first, second = get(web, path_of(1)), get(web, path_of(2))
        assert [line.status for line in web.answers()] == [200, 429]
    assert (first[0], second[0]) == (200, 429)
    assert {"RateLimit", "RateLimit-Policy"} <= first[1].keys() & second[1].keys()
    assert "Retry-After" not in first[1]
    assert int(second[1]["Retry-After"]) == 1


def test_a_hanging_site_answers_nothing_but_robots_txt(tmp_path: Path) -> None:
    with serving(tmp_path, site={"outages": [[0, 60, "hang"]]}) as web:
        with pytest.raises(TimeoutError):
            get(web, path_of(1), timeout_s=0.3)
        assert get(web, "/robots.txt")[0] == 200
        answered(web, 2)
        (hung,) = [line for line in web.answers() if line.path == path_of(1)]
        assert (hung.status, hung.ending) == (0, "abandoned")
        assert hung.ended - hung.arrived > 0.2
        assert web.log()[0].status == 0


def test_a_site_that_resets_does_so_without_an_answer(tmp_path: Path) -> None:
    with serving(tmp_path, site={"outages": [[0, 60, "reset"]]}) as web:
        with pytest.raises(ConnectionResetError):
            get(web, path_of(1))
        assert (web.answers()[0].status, web.answers()[0].ending) == (0, "reset")


def test_what_is_at_a_site_when_it_goes_down_goes_with_it(tmp_path: Path) -> None:
    weather = {"workers": 1, "service_s": 0.2, "outages": [[0.3, 60, "503"]]}
    with serving(tmp_path, site=weather) as web, ThreadPoolExecutor(3) as pool:
        statuses = [answer[0] for answer in pool.map(lambda n: get(web, path_of(n)), (1, 2, 3))]
        assert sorted(statuses) == [200, 503, 503]
        assert sorted(line.status for line in web.answers()) == [200, 503, 503]


def test_a_client_that_goes_away_is_noted_and_the_others_are_served(tmp_path: Path) -> None:
    with serving(tmp_path, site={"workers": 1, "service_s": 0.3}) as web:
        with pytest.raises(TimeoutError):
            get(web, path_of(1), timeout_s=0.1)
        assert get(web, path_of(2))[0] == 200
        gone, served = web.answers()
    assert (gone.path, gone.status, gone.ending) == (path_of(1), 0, "abandoned")
    assert (served.path, served.status, served.ending) == (path_of(2), 200, "whole")
    assert served.ended - gone.arrived >= 0.6  # the site worked on both


def test_the_access_log_has_a_line_when_a_request_arrives(tmp_path: Path) -> None:
    with serving(tmp_path, site={"service_s": 0.2}) as web:
        began = time.time()
        get(web, path_of(1))
        (line,) = web.log()
        (answer,) = web.answers()
    assert (line.site, line.path, line.status, line.in_flight) == ("site", path_of(1), 0, 1)
    assert line.time == answer.arrived
    assert began <= answer.arrived < answer.ended <= time.time()


def test_sites_without_weather_log_their_answers_too(tmp_path: Path) -> None:
    specs = [SiteSpec("slow", "slow", pages=20, latency_s=0.2)]
    with DemoWeb(specs, tmp_path / "access.log", tmp_path / "answers.log") as web:
        get(web, path_of(1), "slow")
        get(web, "/missing", "slow")
        assert [(line.status, line.ending) for line in web.answers()] == [
            (200, "whole"),
            (404, "whole"),
        ]
        assert took(web, path_of(1)) >= 0.2


def test_a_web_without_a_log_of_answers_says_so(tmp_path: Path) -> None:
    with (
        DemoWeb([SiteSpec("site")], tmp_path / "access.log") as web,
        pytest.raises(CrawlprojError, match="no file for its log of answers"),
    ):
        web.answers()


def test_hundreds_of_sites_have_addresses_of_their_own(tmp_path: Path) -> None:
    with serving(tmp_path, **{f"site{n}": {"service_s": 0.01} for n in range(300)}) as web:
        assert len({urlsplit(url).netloc for url in web.urls.values()}) == 300
        for name in ("site0", "site253", "site299"):
            assert get(web, path_of(1), name)[0] == 200


def test_a_thousand_requests_a_second_cost_the_server_little(tmp_path: Path) -> None:
    requests = 1000
    with serving(tmp_path, site={"workers": 64, "service_s": 0.001}) as web:
        before = web.cpu_s()
        with closing(connect(web)) as connection:
            for n in range(1, requests + 1):
                connection.request("GET", path_of(n % 999))
                connection.getresponse().read()
        assert (web.cpu_s() - before) / requests < 0.001


@pytest.mark.parametrize(
    ("weather", "words"),
    [
        ({"colour": 1}, "'site': weather: a site has no field 'colour'"),
        ({"workers": 0}, "'site': weather: workers must be from 1"),
    ],
)
def test_wrong_weather_is_refused_with_what_is_wrong(
    weather: Mapping[str, object], words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        SiteSpec("site", weather=weather)


def test_weather_and_a_latency_exclude_each_other() -> None:
    with pytest.raises(ConfigError, match="its weather says how slow it is"):
        SiteSpec("site", "slow", weather={})
    with pytest.raises(ConfigError, match="its weather says how slow it is"):
        SiteSpec("site", latency_s=0.1, weather={})
