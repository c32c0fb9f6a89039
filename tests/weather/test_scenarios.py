"""The scenario files, and the errors for wrong ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benchmarks.weather.scenario import load, load_half
from crawlproj.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

SITE = "[[site]]\nnetwork_s = 0.02\n"


def test_all_files_load_and_no_scenario_is_in_both_halves() -> None:
    tuned, held_out = load_half("tuned"), load_half("held-out")
    assert len(tuned) >= 12
    assert {scenario.name for scenario in tuned} == {scenario.name for scenario in held_out}
    assert not {site for each in tuned for site in each.sites} & {
        site for each in held_out for site in each.sites
    }


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("duration_s = 60\n" + SITE, "about"),
        ('about = "a"\nduration_s = 60\n', "site"),
        ('about = "a"\nduration_s = 60\nspeed = 3\n' + SITE, "speed"),
        ('about = "a"\nduration_s = 60\n' + SITE + "worker = 3", "worker"),
        ('about = "a"\nduration_s = 60\n[[site]]\nworkers = 8', "network_s"),
        ('about = "a"\nduration_s = 60\n' + SITE + "workers = 64", "max_per_site = 64"),
        (
            'about = "a"\nduration_s = 60\nin_flight = 9\n' + SITE + "count = 2",
            "in_flight = 9",
        ),
        ("about = ", "wrong.toml"),
    ],
)
def test_a_wrong_file_is_named_with_its_mistake(tmp_path: Path, text: str, what: str) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=what) as caught:
        load(path, "tuned")
    assert "wrong.toml" in str(caught.value)
