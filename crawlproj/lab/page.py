"""The lab's report as one HTML page that needs nothing else, looking like the crawl's. Pure."""

from __future__ import annotations

from importlib.resources import files
from string import Template

# One after the other, in one scope.
_SCRIPTS = ("parts.js", "fetch.js", "serve.js", "hog.js", "advise.js", "lab.js")
# JSON may hold "</script>" and "<!--"; < is in its strings only, where an escape may stand for it.
_IN_SCRIPT = {ord("<"): "\\u003c"}


def page(document: str, plotly: str) -> str:
    """Return the page. document: the JSON of document.py. plotly: the source of plotly.js."""
    style = _asset("crawlproj.report", "page.css") + _asset("crawlproj.lab", "lab.css")
    return Template(_asset("crawlproj.lab", "lab.html")).substitute(
        style=style,
        script="\n".join(_asset("crawlproj.lab", name) for name in _SCRIPTS),
        plotly=plotly,
        data=document.translate(_IN_SCRIPT),
    )


def _asset(package: str, name: str) -> str:
    return (files(package) / name).read_text("utf-8")
