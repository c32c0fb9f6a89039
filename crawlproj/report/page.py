"""The report as one self-contained HTML page: data, script, style and Plotly inside. Pure.

Text from the web (site names, reasons) is only in the JSON, which the script puts on the page as
text. A content security policy forbids the page to load anything.
"""

from __future__ import annotations

from importlib.resources import files
from string import Template

_PART = files(__name__.rpartition(".")[0])
_SCRIPTS = ("parts.js", "plots.js", "table.js")  # concatenated, in one scope
# JSON may contain "</script>" and "<!--". It has < only in strings, where an escape may replace it.
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
