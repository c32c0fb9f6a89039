"""The lab's results as files: lab.json, and a page of plots made of it.

The JSON has ``schema``, ``machine`` (machine.py) and a section for each of the lab's commands that
was run into this folder, such as ``fetch`` (fetch.py) with the machine as it was then.
"""

from __future__ import annotations

import json
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crawlproj.errors import ConfigError
from crawlproj.lab.report.html_page import page

if TYPE_CHECKING:
    from collections.abc import Mapping

SCHEMA = 1
DATA, PAGE = "lab.json", "lab.html"


class LabFiles:
    """``lab.json`` and, where plotly is installed, ``lab.html`` in a folder, which is made.

    Raises ConfigError if it cannot be.
    """

    def __init__(self, folder: str) -> None:
        self._folder = Path(folder)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise ConfigError(f"--out {folder}: {exc.strerror}; name a folder") from None

    def add(self, name: str, section: Mapping[str, Any], machine: Mapping[str, Any]) -> list[Path]:
        """Write a section in place of an earlier one of its name; returns the files.

        Raises ConfigError if the folder cannot be written to.
        """
        document = self._read()
        document["schema"] = SCHEMA
        document["machine"] = dict(machine)
        document[name] = {**section, "machine": dict(machine)}
        text = json.dumps(document, separators=(",", ":"), allow_nan=False)
        files = {DATA: text}
        if find_spec("plotly") is not None:
            files[PAGE] = page(text, import_module("plotly.offline").get_plotlyjs())
        try:
            return [_replace(self._folder / file, words) for file, words in files.items()]
        except OSError as exc:
            raise ConfigError(f"--out {self._folder}: {exc.strerror}") from None

    def _read(self) -> dict[str, Any]:
        try:
            found = json.loads((self._folder / DATA).read_text("utf-8"))
        except (OSError, ValueError):
            return {}  # there is none yet, or it is not ours to keep
        return found if isinstance(found, dict) and found.get("schema") == SCHEMA else {}


def _replace(path: Path, text: str) -> Path:
    unfinished = path.with_name(f".{path.name}.part")
    unfinished.write_text(text, "utf-8")
    unfinished.replace(path)
    return path
