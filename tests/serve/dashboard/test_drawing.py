"""The pictures."""

from __future__ import annotations

import re

import pytest

from crawlproj.serve.dashboard.drawing import HEIGHT, WIDTH, Picture, ceiling, drawn_at, pictures
from tests.serve.dashboard.snapshots import ticks


def picture(title: str, *args: object, **values: object) -> Picture:
    """One of the pictures."""
    drawn = pictures(ticks(*args, **values), 1000.0)  # type: ignore[arg-type]
    return next(each for each in drawn if each.title == title)


def points(path: str) -> list[tuple[float, float]]:
    """The points of a path of lines."""
    return [(float(x), float(y)) for x, y in re.findall(r"([\d.]+) ([\d.]+)", path)]


@pytest.mark.parametrize(
    ("value", "round_one"), [(0, 1), (0.03, 0.05), (1, 1), (1.1, 2), (4, 5), (5.1, 10), (1e6, 1e6)]
)
def test_a_scale_ends_at_a_round_number(value: float, round_one: float) -> None:
    assert ceiling(value) == pytest.approx(round_one)


def test_a_line_rises_to_the_right_as_the_values_do() -> None:
    found = picture("Pages/s", done=float)
    drawn = points(found.lines[0].path)

    assert found.ticks == ("100", "50", "0")
    assert found.lines[0].now == "60.0"
    assert drawn == sorted(drawn, key=lambda point: (point[0], -point[1]))
    assert drawn[-1][0] == pytest.approx(WIDTH, abs=10)
    assert drawn[-1][1] == pytest.approx(HEIGHT * 0.4, abs=1)
    assert "now: pages/s 60.0" in found.words


def test_latencies_are_on_a_scale_of_decades() -> None:
    found = picture("Time to first byte", p50_s=0.1, p99_s=1.0)

    assert found.ticks == ("1 s", "100 ms")
    assert {y for _, y in points(found.lines[0].path)} == {0.0}
    assert {y for _, y in points(found.lines[1].path)} == {HEIGHT}
    assert [line.now for line in found.lines] == ["1.0 s", "100 ms"]


def test_errors_are_stacked_and_the_rare_ones_are_one() -> None:
    errors = {f"reason-{n}": 10.0 - n for n in range(10)}
    found = picture("Failed attempts", errors=errors)

    assert [line.name for line in found.lines] == [*(f"reason-{n}" for n in range(7)), "other"]
    tops = [float(re.search(r"M[\d.]+ ([\d.-]+)", line.path)[1]) for line in found.lines]  # type: ignore[index]
    assert tops == sorted(tops, reverse=True)
    assert tops[-1] == pytest.approx(HEIGHT * (1 - 55 / 100), abs=0.2)


def test_ten_minutes_are_as_few_points_as_fit() -> None:
    drawn = pictures(ticks(600, done=5.0, queued=9, p50_s=0.1, p99_s=0.2), 1000.0)

    assert drawn[0].span == "10 min"
    assert all(len(points(line.path)) <= 151 for each in drawn for line in each.lines)


def test_a_picture_of_ten_minutes_is_drawn_again_when_it_has_another_point() -> None:
    seen = ticks(600, until=1000.0)
    moments = {drawn_at(seen, 1000.0 + second) for second in range(20)}
    assert moments == {1000.0, 1004.0, 1008.0, 1012.0, 1016.0}
    young = ticks(60, until=1000.0)
    assert len({drawn_at(young, 1000.0 + second) for second in range(20)}) == 20


def test_without_ticks_there_is_no_picture() -> None:
    assert pictures([], 1000.0) == []


def test_no_bar_leaves_the_picture() -> None:
    failing = ticks(61, errors={"timeout": 1.0})
    for now in (1000.0, 1000.4, 1001.0):
        (bars,) = [each for each in pictures(failing, now) if each.bars]
        (line,) = bars.lines
        for x, wide in re.findall(r"M([\d.]+) [\d.]+h([\d.]+)", line.path):
            assert float(x) + float(wide) <= WIDTH + 0.1
