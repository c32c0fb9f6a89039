"""The types of the fields of ``weather.Weather``, and their readers for TOML and JSON. Pure."""

from __future__ import annotations

from bisect import bisect_right
from math import inf, isfinite
from typing import TYPE_CHECKING, Literal, get_args

from crawlproj.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

Steps = tuple[tuple[float, float], ...]
"""((t_s, value), …) in seconds from the site's start; a value holds until the next one."""

LimiterKind = Literal["bucket", "fixed", "sliding"]
HeaderKind = Literal["", "draft", "x"]
OutageKind = Literal["hang", "reset", "503"]
Outage = tuple[float, float, OutageKind]


def value_at(steps: Steps, t: float) -> float:
    """Return the value that holds at ``t``; before the first step, its value."""
    return steps[max(0, bisect_right(steps, (t, inf)) - 1)][1]


def _number(name: str, value: object, minimum: float = 0.0, maximum: float = inf) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        raise ConfigError(f"{name} must be a number, not {value!r}")
    if not minimum <= value <= maximum:
        raise ConfigError(f"{name} must be from {minimum:g} to {maximum:g}, not {value!r}")
    return value


def _between(minimum: float, maximum: float) -> Callable[[str, object], float]:
    return lambda name, value: _number(name, value, minimum, maximum)


def _whole(name: str, value: object) -> int:
    number = _number(name, value)
    if number != int(number):
        raise ConfigError(f"{name} must be a whole number, not {value!r}")
    return int(number)


def _flag(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise ConfigError(f"{name} must be true or false, not {value!r}")
    return value


def _one_of(choices: tuple[str, ...]) -> Callable[[str, object], str]:
    def read(name: str, value: object) -> str:
        if not isinstance(value, str) or value not in choices:
            raise ConfigError(f"{name} must be one of {choices}, not {value!r}")
        return value

    return read


def _steps(minimum: float, *, empty: bool = False) -> Callable[[str, object], Steps]:
    def read(name: str, value: object) -> Steps:
        if not isinstance(value, list | tuple):
            return ((0.0, _number(name, value, minimum)),)
        steps = []
        for pair in value:
            if not isinstance(pair, list | tuple) or len(pair) != 2:
                raise ConfigError(f"{name} must be a list of [seconds, value], not {value!r}")
            steps.append((_number(name, pair[0]), _number(name, pair[1], minimum)))
        times = [t for t, _ in steps]
        if (not steps and not empty) or (steps and times[0] != 0) or times != sorted(set(times)):
            raise ConfigError(f"{name} must have increasing times that begin with 0, not {value!r}")
        return tuple(steps)

    return read


def _outages(name: str, value: object) -> tuple[Outage, ...]:
    if not isinstance(value, list | tuple):
        raise ConfigError(f"{name} must be a list of [from, until, how], not {value!r}")
    outages: list[Outage] = []
    for each in value:
        if (
            not isinstance(each, list | tuple)
            or len(each) != 3
            or each[2] not in get_args(OutageKind)
        ):
            raise ConfigError(
                f'each of {name} must be [from, until, "hang", "reset" or "503"], not {each!r}'
            )
        since, until = _number(name, each[0]), _number(name, each[1])
        if since >= until:
            raise ConfigError(f"{name} must each end after it begins, not {each!r}")
        outages.append((since, until, each[2]))
    return tuple(outages)


READERS: dict[str, Callable[[str, object], object]] = {
    "workers": _steps(1),
    "service_s": _steps(1e-6),
    "sigma": _between(0, 5),
    "expensive_share": _between(0, 1),
    "expensive_factor": _number,
    "trip_s": _number,
    "network_s": _number,
    "overload": _number,
    "refuse_above": _whole,
    "rate": _steps(0, empty=True),
    "limiter": _one_of(get_args(LimiterKind)),
    "burst": _number,
    "window_s": _between(1, inf),
    "penalty_s": _number,
    "retry_after": _flag,
    "headers": _one_of(get_args(HeaderKind)),
    "outages": _outages,
    "drop_share": _between(0, 1),
    "others": _steps(0),
}
