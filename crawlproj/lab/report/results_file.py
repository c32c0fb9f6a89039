"""The lab's results as files: ``lab.json``, and an HTML page of plots made from it.

The JSON has ``schema``, ``machine`` (see system/machine.py), and a section for each of the lab's
commands that has written to the folder. A section, such as ``fetch`` (see fetch/measure.py), holds
the machine as it was during that measurement.
"""

from __future__ import annotations

import json
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crawlproj.errors import ConfigError
from crawlproj.lab.report.html_page import render_page

if TYPE_CHECKING:
    from collections.abc import Mapping

SCHEMA = 2
DATA, PAGE = "lab.json", "lab.html"


class ResultsFile:
    """``lab.json`` in a folder and, if plotly is installed, ``lab.html``.

    Creates the folder. Raises ConfigError if that fails.
    """

    def __init__(self, folder: str) -> None:
        self._folder = Path(folder)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise ConfigError(
                f"--out {folder}: {exc.strerror}; name a folder that can be written to"
            ) from None

    def add(self, name: str, section: Mapping[str, Any], machine: Mapping[str, Any]) -> list[Path]:
        """Write a section, in place of an earlier one of the same name; return the files written.

        Raises ConfigError if they cannot be written.
        """
        document = self._read()
        document["schema"] = SCHEMA
        document["machine"] = dict(machine)
        document[name] = {**section, "machine": dict(machine)}
        text = json.dumps(document, separators=(",", ":"), allow_nan=False)
        contents = {DATA: text}
        if find_spec("plotly") is not None:
            contents[PAGE] = render_page(text, import_module("plotly.offline").get_plotlyjs())
        try:
            return [_replace(self._folder / file, text) for file, text in contents.items()]
        except OSError as exc:
            raise ConfigError(f"--out {self._folder}: {exc.strerror}") from None

    def _read(self) -> dict[str, Any]:
        """Return the document, or an empty one if there is none that this version can extend."""
        try:
            document = json.loads((self._folder / DATA).read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        known = isinstance(document, dict) and document.get("schema") == SCHEMA
        return document if known else {}


def _replace(path: Path, text: str) -> Path:
    unfinished = path.with_name(f".{path.name}.part")
    unfinished.write_text(text, "utf-8")
    unfinished.replace(path)
    return path
