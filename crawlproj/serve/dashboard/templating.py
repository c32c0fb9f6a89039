"""The templates. Whatever they show is text: Jinja escapes it, in every template."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from jinja2 import Environment, FunctionLoader, StrictUndefined

from crawlproj.plural import counted
from crawlproj.report.counts import by_count
from crawlproj.serve.dashboard import words
from crawlproj.serve.dashboard.assets import ASSETS
from crawlproj.serve.dashboard.command_words import in_words, obeyed
from crawlproj.serve.web.root_path import rooted

if TYPE_CHECKING:
    from collections.abc import Mapping

_TEMPLATES = files(__name__.rpartition(".")[0]) / "templates"


def render(template: str, shown: Mapping[str, Any]) -> str:
    """Return a template with what it shows."""
    return _environment().get_template(template).render(shown)


@lru_cache
def _environment() -> Environment:
    environment = Environment(
        autoescape=True,
        loader=FunctionLoader(lambda name: (_TEMPLATES / name).read_text("utf-8")),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters |= {
        "count": words.count,
        "counted": counted,
        "rate": words.rate,
        "seconds": words.seconds,
        "duration": words.duration,
        "moment": words.moment,
        "clock": words.clock,
        "by_count": by_count,
        "binds": words.binds,
        "in_words": in_words,
        "obeyed": obeyed,
        "part": lambda text: quote(text, safe=""),
    }
    environment.globals |= {"asset": lambda name: rooted(ASSETS.path(name)), "link": link}
    return environment


def link(path: str, **parameters: str | float | None) -> str:
    """Return a path of this server with those parameters that are not empty."""
    given = {name: value for name, value in parameters.items() if value not in (None, "")}
    return rooted(f"{path}?{urlencode(given)}" if given else path)
