"""How long the lab's site takes to answer: a distribution, drawn the same each time. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import exp, isfinite, log, sqrt
from statistics import NormalDist
from typing import Literal, get_args

from crawlproj.errors import ConfigError

Kind = Literal["fixed", "lognormal", "exponential", "uniform"]

_NORMAL = NormalDist()
_GOLDEN = (sqrt(5) - 1) / 2
_DURATION = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ms|s)")
_UNITS = {"ms": 0.001, "s": 1.0}
_LONGEST_S = 600.0
_FORMS = "fixed:100ms, lognormal:100ms,0.5 (median, sigma), exponential:100ms or uniform:50ms,150ms"


@dataclass(frozen=True, slots=True)
class Latency:
    """A distribution of latencies in seconds.

    a: the constant, the median (lognormal), the mean (exponential) or the least (uniform).
    b: sigma of the logarithm (lognormal) or the most (uniform); else 0.
    """

    kind: Kind
    a: float
    b: float = 0.0

    @classmethod
    def parse(cls, text: str) -> Latency:
        """Read for example ``lognormal:100ms,0.5``; raises ConfigError naming the forms."""
        name, _, rest = text.strip().partition(":")
        words = [word.strip() for word in rest.split(",")]
        try:
            if name not in get_args(Kind) or len(words) != (
                2 if name in {"lognormal", "uniform"} else 1
            ):
                raise ValueError("no such form")
            a = _seconds(words[0])
            if name == "lognormal":
                return cls("lognormal", a, _sigma(words[1]))
            if name == "uniform":
                b = _seconds(words[1])
                if b < a:
                    raise ValueError("the second is less than the first")
                return cls("uniform", a, b)
            return cls("fixed" if name == "fixed" else "exponential", a)
        except ValueError as exc:
            raise ConfigError(f"a latency is {_FORMS}; {text!r} is none: {exc}") from None

    def __str__(self) -> str:
        """Return what ``parse`` reads."""
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
        """Return the seconds that ``share`` (0 < share < 1) of the answers stay below."""
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

        By the golden ratio instead of by chance: any stretch of pages has nearly the
        distribution's mean, so runs of few pages are comparable.
        """
        return [self.quantile(_spread(page)) for page in range(pages)]


def _spread(page: int) -> float:
    return min(max((page + 0.5) * _GOLDEN % 1.0, 1e-9), 1 - 1e-9)


def _seconds(word: str) -> float:
    found = _DURATION.fullmatch(word)
    if found is None:
        raise ValueError(f"{word!r} is no duration such as 100ms or 0.1s")
    value = float(found[1]) * _UNITS[found[2]]
    if value > _LONGEST_S:
        raise ValueError(f"{word!r} is more than {_LONGEST_S:g} s")
    return value


def _sigma(word: str) -> float:
    value = float(word)
    if not (isfinite(value) and 0 <= value <= 3):
        raise ValueError(f"sigma must be from 0 to 3, not {word}")
    return value
