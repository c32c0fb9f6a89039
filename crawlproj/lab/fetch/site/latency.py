"""How long the lab's site takes to answer: a distribution, the same values in each run. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import exp, isfinite, log, sqrt
from statistics import NormalDist
from typing import Literal, get_args

from crawlproj.errors import ConfigError

Kind = Literal["fixed", "lognormal", "exponential", "uniform"]

DEFAULT_LATENCY = "lognormal:100ms,0.5"
LATENCY_FORMS = "fixed:100ms, lognormal:MEDIAN,SIGMA, exponential:MEAN or uniform:MIN,MAX"

_NORMAL = NormalDist()
_GOLDEN = (sqrt(5) - 1) / 2
_DURATION = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ms|s)")
_UNITS = {"ms": 0.001, "s": 1.0}
_MAX_S = 600.0
_EXAMPLES = (
    "fixed:100ms, lognormal:100ms,0.5 (median, sigma), exponential:100ms or uniform:50ms,150ms"
)


@dataclass(frozen=True, slots=True)
class Latency:
    """A distribution of latencies, in seconds.

    a: the constant, the median (lognormal), the mean (exponential) or the minimum (uniform).
    b: sigma of the logarithm (lognormal) or the maximum (uniform); otherwise 0.
    """

    kind: Kind
    a: float
    b: float = 0.0

    @classmethod
    def parse(cls, text: str) -> Latency:
        """Read for example ``lognormal:100ms,0.5``; raises ConfigError, which gives examples."""
        name, _, rest = text.strip().partition(":")
        words = [word.strip() for word in rest.split(",")]
        try:
            if name not in get_args(Kind) or len(words) != (
                2 if name in {"lognormal", "uniform"} else 1
            ):
                raise ValueError("unknown form")
            a = _seconds(words[0])
            if name == "lognormal":
                return cls("lognormal", a, _sigma(words[1]))
            if name == "uniform":
                b = _seconds(words[1])
                if b < a:
                    raise ValueError("the maximum is less than the minimum")
                return cls("uniform", a, b)
            return cls("fixed" if name == "fixed" else "exponential", a)
        except ValueError as exc:
            raise ConfigError(f"a latency is {_EXAMPLES}, not {text!r}: {exc}") from None

    @classmethod
    def from_option(cls, text: str) -> Latency:
        """Read the value of ``--latency``, whose mean must be above 0; raises ConfigError."""
        try:
            latency = cls.parse(text)
        except ConfigError as exc:
            raise ConfigError(f"--latency: {exc}") from None
        if not latency.mean_s:
            raise ConfigError("--latency must be above 0, such as fixed:1ms")
        return latency

    def __str__(self) -> str:
        """Return the text that ``parse`` reads."""
        first = f"{self.kind}:{self.a * 1000:.10g}ms"
        if self.kind == "lognormal":
            return f"{first},{self.b:.10g}"
        return f"{first},{self.b * 1000:.10g}ms" if self.kind == "uniform" else first

    @property
    def mean_s(self) -> float:
        """The mean in seconds."""
        if self.kind == "lognormal":
            return self.a * exp(self.b**2 / 2)
        return (self.a + self.b) / 2 if self.kind == "uniform" else self.a

    def quantile(self, share: float) -> float:
        """Return the seconds below which ``share`` (0 < share < 1) of the latencies lie."""
        match self.kind:
            case "fixed":
                return self.a
            case "lognormal":
                return self.a * exp(self.b * _NORMAL.inv_cdf(share))
            case "exponential":
                return -self.a * log(1 - share)
            case "uniform":
                return self.a + (self.b - self.a) * share

    def of_pages(self, pages: int) -> list[float]:
        """Return the latency of each page, in seconds; the same in every process and run.

        The values follow the golden ratio instead of chance: any series of consecutive pages has
        nearly the distribution's mean, so runs of few pages are comparable.
        """
        return [self.quantile(_share(page)) for page in range(pages)]


def _share(page: int) -> float:
    return min(max((page + 0.5) * _GOLDEN % 1.0, 1e-9), 1 - 1e-9)


def _seconds(word: str) -> float:
    match = _DURATION.fullmatch(word)
    if match is None:
        raise ValueError(f"{word!r} is not a duration such as 100ms or 0.1s")
    value = float(match[1]) * _UNITS[match[2]]
    if value > _MAX_S:
        raise ValueError(f"{word!r} is more than {_MAX_S:g} s")
    return value


def _sigma(word: str) -> float:
    value = float(word)
    if not (isfinite(value) and 0 <= value <= 3):
        raise ValueError(f"sigma must be from 0 to 3, not {word}")
    return value
