"""The files of the report."""

from __future__ import annotations

import json
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crawlproj.errors import ConfigError
from crawlproj.private_files import write_whole
from crawlproj.report.page import page

if TYPE_CHECKING:
    from collections.abc import Mapping


class ReportFiles:
    """An .html file with a .json file of the same name beside it, or the .json file alone.

    Each file is replaced as a whole, so that it is complete at any time, even if the crawl is
    killed.

    Raises ConfigError, naming REPORT, if the files cannot be written or plotly is missing.
    """

    def __init__(self, target: str) -> None:
        path = Path(target)
        if path.suffix not in {".html", ".json"}:
            raise ConfigError(f"REPORT must end in .html or .json, not {target!r}")
        if not path.parent.is_dir():
            raise ConfigError(
                f"REPORT must be in an existing folder; {str(path.parent)!r} does not exist"
            )
        if path.is_dir():
            raise ConfigError(f"REPORT must be a file, but {target!r} is a folder")
        if path.suffix == ".html" and find_spec("plotly") is None:
            raise ConfigError(
                "A REPORT in .html needs one more package: pip install 'crawlproj[report]'; or "
                "name a .json file"
            )
        self.page = path if path.suffix == ".html" else None
        self.data = path.with_suffix(".json")

    def write(self, document: Mapping[str, Any], title: str) -> None:
        """Write the document of document.py. Raises OSError."""
        text = json.dumps(document, separators=(",", ":"), allow_nan=False)
        write_whole(self.data, text)
        if self.page is not None:
            # The source of plotly takes 5 MB, so read it each time and do not keep it.
            write_whole(
                self.page, page(text, title, import_module("plotly.offline").get_plotlyjs())
            )
