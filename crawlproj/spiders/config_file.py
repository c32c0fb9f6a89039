"""A spider's arguments in a TOML file, and where in it each of them is."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crawlproj.errors import ConfigError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from crawlproj.spiders.arguments import ArgumentError

_TEXT, _TEXTS = "text in quotes", "text or a list of texts"
_NUMBER, _TABLE = "a whole number", "a table of texts, or text"
# The schema; docs/reference/crawl-file.md has it with examples.
_SCHEMA = {
    "url": _TEXTS,
    "scope": _TEXT,
    "max_pages": _NUMBER,
    "include": _TEXTS,
    "exclude": _TEXTS,
    "content": _TEXTS,
    "max_depth": _NUMBER,
    "max_pages_per_site": _NUMBER,
    "sitemap": _TEXT,
    "headers": _TABLE,
    "proxy": _TEXT,
    "login": _TEXT,
    "refresh": _TEXT,
    "save": _TEXTS,
}


class ConfigFile:
    """The arguments in a TOML file, by the names that ``-a`` gives them.

    known: the names that the spider has. Those without a type in the schema may be anything.
    Paths, such as that of ``login``, are relative to the file.

    Raises ConfigError if the file cannot be read, or naming the line that is wrong.
    """

    def __init__(self, path: str, known: Collection[str]) -> None:
        self._path = path
        try:
            self._text = Path(path).read_text(encoding="utf-8")
            found = tomllib.loads(self._text)
        except OSError as exc:
            raise ConfigError(f"-a config={path} cannot be read: {exc.strerror}") from None
        except UnicodeDecodeError as exc:
            raise ConfigError(f"{path} is not text in UTF-8: {exc.reason}") from None
        except tomllib.TOMLDecodeError as exc:
            raise ConfigError(f"{path} is not TOML: {exc}") from None
        for name, value in found.items():
            if name not in known or name == "config":
                meant = did_you_mean(name, known) or f": it has {', '.join(sorted(known))}"
                raise self.error(name, f": there is no such argument{meant}")
            kind = _SCHEMA.get(name)
            if kind is _TABLE and isinstance(value, dict):
                for key, text in value.items():
                    if not isinstance(text, str):
                        wrong = f".{key} must be {_TEXT}, not {_name_of(text)}"
                        raise self.error(name, wrong, within=key)
            if kind is not None and not _is(kind, value):
                raise self.error(name, f" must be {kind}, not {_name_of(value)}")
        self.arguments = {name: self._argument(name, value) for name, value in found.items()}

    def error(self, name: str, detail: str, within: str = "") -> ConfigError:
        """Return the error for what is wrong with an argument; ``detail`` follows its name.

        within: the part of its value that is wrong, because a value may have many lines.
        """
        return ConfigError(f"{self._path}, line {self._line_of(name, within)}: {name}{detail}")

    def located(self, error: ArgumentError, given: Mapping[str, object]) -> ConfigError:
        """Return ``error`` with its line, unless the argument is among ``given`` by ``-a``."""
        if error.name in given or error.name not in self.arguments:
            return error
        value = self.arguments[error.name]
        parts = value if isinstance(value, list) else ()
        within = next((part for part in parts if repr(part) in error.detail), "")
        return self.error(error.name, error.detail, within)

    def _line_of(self, name: str, within: str) -> int:
        key = rf"""^[ \t]*\[?[ \t]*["']?{re.escape(name)}["']?[ \t]*[=.\]]"""
        found = re.search(key, self._text, re.MULTILINE)
        if found is None:
            return 1
        # A text with escapes is not found as it is; then the line of its argument has to do.
        at = max(self._text.find(within, found.end()) if within else 0, found.start())
        return self._text.count("\n", 0, at) + 1

    def _argument(self, name: str, value: Any) -> Any:
        if isinstance(value, str) and (name == "login" or value.startswith("@")):
            mark = "@" if value.startswith("@") else ""
            return f"{mark}{Path(self._path).parent / value.removeprefix('@')}"
        return ", ".join(value) if name == "url" and isinstance(value, list) else value


def _is(kind: str, value: object) -> bool:
    if kind is _NUMBER:
        return isinstance(value, int) and not isinstance(value, bool)
    if isinstance(value, str):
        return True
    if kind is _TEXTS and isinstance(value, list):
        return all(isinstance(part, str) for part in value)
    return kind is _TABLE and isinstance(value, dict)


def _name_of(value: object) -> str:
    names = {bool: "true or false", int: "a number", float: "a number with a fraction"}
    names |= {str: "text", list: "a list with something else in it", dict: "a table"}
    return names.get(type(value), f"a {type(value).__name__}")
