from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from scrapy import Spider
from scrapy.settings import Settings

from crawlproj.errors import ConfigError
from crawlproj.fleet.config import FleetConfig, folder_name


def config(job: str = "site", **given: Any) -> FleetConfig:
    return FleetConfig.from_settings(Settings(given), Spider(job))


def test_without_a_redis_url_the_fleet_starts_its_own_in_the_jobs_folder() -> None:
    made = config()
    assert made.redis is None
    assert made.folder == Path(".fleet/site").resolve()


def test_a_given_redis_url_is_used() -> None:
    for given in ({"REDIS_URL": "redis://a.test/0"}, {"FRONTIER_URL": "rediss://u:p@a.test/0"}):
        redis = config(**given).redis
        assert redis is not None
        assert "a.test" in redis.masked


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"FRONTIER_URL": "sqlite:///a.db"}, "FRONTIER_URL"),
        ({"FRONTIER_URL": "memory:"}, "FRONTIER_URL"),
        ({"REDIS_URL": "a.test:6379"}, "REDIS_URL"),
        ({"FLEET_MAX_MEMORY": "much"}, "FLEET_MAX_MEMORY"),
        ({"FLEET_HANG_TIMEOUT": -1}, "FLEET_HANG_TIMEOUT"),
        ({"CONCURRENT_REQUESTS": -1}, "CONCURRENT_REQUESTS"),
    ],
)
def test_the_error_names_the_wrong_setting(given: dict[str, Any], named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        config(**given)


def test_workers_never_reset_the_shared_job_and_get_separate_report_files_and_ports() -> None:
    made = config(REPORT="out/report.html", METRICS_PORT=9410, FRONTIER_RESET=True)
    first, second = made.worker_settings(1), made.worker_settings(2)
    assert made.reset
    assert first["FRONTIER_RESET"] == first["SCHEDULER_FLUSH_ON_START"] == "0"
    assert (first["REPORT"], second["REPORT"]) == ("out/report-1.html", "out/report-2.html")
    assert (first["METRICS_PORT"], second["METRICS_PORT"]) == ("9410", "9411")


def test_a_worker_always_keeps_the_job_even_if_the_fleet_deletes_it_at_the_end() -> None:
    made = config(SCHEDULER_PERSIST=False)
    assert not made.keep
    assert made.worker_settings(1)["SCHEDULER_PERSIST"] == "1"
    assert config().keep


def test_a_workers_command_line_contains_no_password() -> None:
    made = config(REDIS_URL="redis://user:secret@a.test/0")
    assert "secret" not in " ".join(made.worker_settings(1).values())
    assert "secret" not in repr(made)


def test_each_job_gets_a_distinct_folder_name_without_special_characters() -> None:
    jobs = ["site", "site host http://a.test/", "site host http://a.test", "../..", "x" * 300]
    names = [folder_name(job) for job in jobs]
    assert names[0] == "site"
    assert len(set(names)) == len(jobs)
    for name in names:
        assert len(name) < 64
        assert "/" not in name
        assert not name.startswith(".")
