"""The report as one HTML page that loads nothing, in the style of a crawl's report. Pure."""

from __future__ import annotations

from importlib.resources import files
from string import Template

# In this order, in one scope.
_SCRIPTS = (
    ("crawlproj.lab.report", "parts.js"),
    ("crawlproj.lab.fetch", "section.js"),
    ("crawlproj.lab.serve", "section.js"),
    ("crawlproj.lab.hog", "section.js"),
    ("crawlproj.lab.advise", "section.js"),
    ("crawlproj.lab.report", "lab.js"),
)
# JSON may contain "</script>" and "<!--", but "<" only within strings, where an escape is allowed.
_IN_SCRIPT = {ord("<"): "\\u003c"}


def render_page(document: str, plotly: str) -> str:
    """Return the page. document: the content of ``lab.json``. plotly: the source of plotly.js."""
    style = _asset("crawlproj.report", "page.css") + _asset("crawlproj.lab.report", "lab.css")
    return Template(_asset("crawlproj.lab.report", "lab.html")).substitute(
        style=style,
        script="\n".join(_asset(*script) for script in _SCRIPTS),
        plotly=plotly,
        data=document.translate(_IN_SCRIPT),
    )


def _asset(package: str, name: str) -> str:
    return (files(package) / name).read_text("utf-8")
