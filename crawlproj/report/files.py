"""Where the report goes."""

from __future__ import annotations

import json
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crawlproj.errors import ConfigError
from crawlproj.report.page import page

if TYPE_CHECKING:
    from collections.abc import Mapping


class ReportFiles:
    """An .html file and the .json of the same stem beside it, or that alone.

    Each file is replaced as a whole, so that whoever reads it, and a crawl that is killed, finds a
    complete one.

    Raises ConfigError, naming REPORT, if they could not be written or the page not be made.
    """

    def __init__(self, target: str) -> None:
        path = Path(target)
        if path.suffix not in {".html", ".json"}:
            raise ConfigError(f"REPORT must end in .html or .json, not {target!r}")
        if not path.parent.is_dir():
            raise ConfigError(f"REPORT names a folder that does not exist: {str(path.parent)!r}")
        if path.is_dir():
            raise ConfigError(f"REPORT must be a file, but {target!r} is a folder")
        if path.suffix == ".html" and find_spec("plotly") is None:
            raise ConfigError(
                "REPORT needs plotly for an .html page: pip install -e .[report], or let REPORT "
                "end in .json"
            )
        self.page = path if path.suffix == ".html" else None
        self.data = path.with_suffix(".json")

    def write(self, document: Mapping[str, Any], title: str) -> None:
        """Write what document.py made; raises OSError."""
        text = json.dumps(document, separators=(",", ":"), allow_nan=False)
        _replace(self.data, text)
        if self.page is not None:
            # 5 MB; read each time rather than kept.
            _replace(self.page, page(text, title, import_module("plotly.offline").get_plotlyjs()))


def _replace(path: Path, text: str) -> None:
    unfinished = path.with_name(f".{path.name}.part")
    unfinished.write_text(text, "utf-8")
    unfinished.replace(path)
