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
from tests.waiting import PATIENCE_S, until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

pytestmark = pytest.mark.slow

CONSTANT = {"sigma": 0.0}  # every request takes the same service time


@contextmanager
def serving(folder: Path, **weathers: Mapping[str, object]) -> Iterator[DemoWeb]:
    specs = [
        SiteSpec(name, "small", pages=1000, weather={**CONSTANT, **weather})
        for name, weather in weathers.items()
    ]
    with DemoWeb(specs, folder / "access.log", folder / "answers.log") as web:
        yield web


def connect(
    web: DemoWeb, site: str = "site", timeout_s: float = PATIENCE_S
) -> http.client.HTTPConnection:
    parts = urlsplit(web.url(site))
    return http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=timeout_s)


def get(
    web: DemoWeb, path: str, site: str = "site", timeout_s: float = PATIENCE_S
) -> tuple[int, dict[str, str], bytes]:
    with closing(connect(web, site, timeout_s)) as connection:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, dict(response.getheaders()), response.read()


def took(web: DemoWeb, path: str) -> float:
    """Return the seconds from the request's arrival to its answer, from the log."""
    line = next(line for line in web.answers() if line.path == path)
    return line.ended - line.arrived


def wait_for_answers(web: DemoWeb, number: int) -> None:
    """Wait until the log has ``number`` answers."""
    until(lambda: len(web.answers()) >= number)


def test_a_small_page_arrives_after_its_service_time(tmp_path: Path) -> None:
    with serving(tmp_path, site={"service_s": 0.1}) as web:
        status, _, body = get(web, path_of(7))
        assert status == 200
        assert b"Page 7: " in body
        assert 1000 < len(body) < 2000
        assert took(web, path_of(7)) >= 0.1


def test_requests_in_excess_of_the_workers_queue(tmp_path: Path) -> None:
    with serving(tmp_path, site={"workers": 2, "service_s": 0.15}) as web:
        paths = [path_of(n) for n in range(1, 7)]
        with ThreadPoolExecutor(6) as pool:
            assert {status for status, _, _ in pool.map(lambda path: get(web, path), paths)} == {
                200
            }
        waves = sorted(took(web, path) / 0.15 for path in paths)
    # Requests may arrive a little apart, and each may take longer on a busy machine.
    assert all(
        wave > minimum for wave, minimum in zip(waves, (1, 1, 1.5, 1.5, 2.5, 2.5), strict=True)
    )


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


def test_a_hanging_site_answers_only_robots_txt(tmp_path: Path) -> None:
    with serving(tmp_path, site={"outages": [[0, 60, "hang"]]}) as web:
        with pytest.raises(TimeoutError):
            get(web, path_of(1), timeout_s=0.3)
        assert get(web, "/robots.txt")[0] == 200
        wait_for_answers(web, 2)
        (hung,) = [line for line in web.answers() if line.path == path_of(1)]
        assert (hung.status, hung.ending) == (0, "abandoned")
        assert hung.ended - hung.arrived > 0.2
        assert web.log()[0].status == 0


def test_a_resetting_site_resets_connections_without_an_answer(tmp_path: Path) -> None:
    with serving(tmp_path, site={"outages": [[0, 60, "reset"]]}) as web:
        with pytest.raises(ConnectionResetError):
            get(web, path_of(1))
        assert (web.answers()[0].status, web.answers()[0].ending) == (0, "reset")


def test_an_outage_also_ends_the_requests_already_at_the_site(tmp_path: Path) -> None:
    weather = {"workers": 1, "service_s": 0.2, "outages": [[0.3, 60, "503"]]}
    with serving(tmp_path, site=weather) as web, ThreadPoolExecutor(3) as pool:
        statuses = [answer[0] for answer in pool.map(lambda n: get(web, path_of(n)), (1, 2, 3))]
        assert sorted(statuses) == [200, 503, 503]
        assert sorted(line.status for line in web.answers()) == [200, 503, 503]


def test_a_client_that_disconnects_is_logged_and_the_others_are_served(tmp_path: Path) -> None:
    with serving(tmp_path, site={"workers": 1, "service_s": 0.3}) as web:
        with pytest.raises(TimeoutError):
            get(web, path_of(1), timeout_s=0.1)
        assert get(web, path_of(2))[0] == 200
        gone, served = web.answers()
    assert (gone.path, gone.status, gone.ending) == (path_of(1), 0, "abandoned")
    assert (served.path, served.status, served.ending) == (path_of(2), 200, "whole")
    assert served.ended - gone.arrived >= 0.6  # the site served the abandoned request too


def test_the_access_log_gets_a_line_when_a_request_arrives(tmp_path: Path) -> None:
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


def test_reading_answers_without_a_log_of_answers_is_an_error(tmp_path: Path) -> None:
    with (
        DemoWeb([SiteSpec("site")], tmp_path / "access.log") as web,
        pytest.raises(CrawlprojError, match="does not log its answers"),
    ):
        web.answers()


def test_hundreds_of_sites_have_addresses_of_their_own(tmp_path: Path) -> None:
    with serving(tmp_path, **{f"site{n}": {"service_s": 0.01} for n in range(300)}) as web:
        assert len({urlsplit(url).netloc for url in web.urls.values()}) == 300
        for name in ("site0", "site253", "site299"):
            assert get(web, path_of(1), name)[0] == 200


def test_the_server_needs_less_than_a_millisecond_of_cpu_per_request(tmp_path: Path) -> None:
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
def test_the_error_for_wrong_weather_names_site_and_field(
    weather: Mapping[str, object], words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        SiteSpec("site", weather=weather)


def test_weather_cannot_be_combined_with_a_latency() -> None:
    with pytest.raises(ConfigError, match="its weather defines its latency"):
        SiteSpec("site", "slow", weather={})
    with pytest.raises(ConfigError, match="its weather defines its latency"):
        SiteSpec("site", latency_s=0.1, weather={})
