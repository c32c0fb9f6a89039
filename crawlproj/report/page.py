"""The report as one HTML page that needs nothing else: data, script, style and Plotly inside. Pure.

What comes from the web (site names, reasons) is only ever in the JSON, which the script puts on
the page as text; a content security policy forbids the page to load anything.
"""

from __future__ import annotations

from importlib.resources import files
from string import Template

_PART = files(__name__.rpartition(".")[0])
_SCRIPTS = ("parts.js", "plots.js", "table.js")  # one after the other, in one scope
# JSON may hold "</script>" and "<!--"; < is in its strings only, where an escape may stand for it.
_IN_SCRIPT = {ord("<"): "\\u003c"}


def page(document: str, title: str, plotly: str) -> str:
    """Return the page.

    document: the JSON of document.py. title: plain text. plotly: the source of plotly.js.
    """
    return Template(_asset("page.html")).substitute(
        title=title.translate({ord("&"): "&amp;", ord("<"): "&lt;"}),
        style=_asset("page.css"),
        script="\n".join(_asset(name) for name in _SCRIPTS),
        plotly=plotly,
        data=document.translate(_IN_SCRIPT),
    )


def _asset(name: str) -> str:
    return (_PART / name).read_text("utf-8")
