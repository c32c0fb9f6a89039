"""A login form to send before a crawl, as people describe it in a TOML file."""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cssselect import HTMLTranslator, SelectorError

from crawlproj.errors import did_you_mean
from crawlproj.urls import valid_url

_EXAMPLE = 'write for example: url = "https://example.org/login"'
_KEYS = ("url", "fields", "form", "success")
_VARIABLE = re.compile(r"\$([A-Za-z_][A-Za-z0-9_]*)")


@dataclass(frozen=True, slots=True)
class LoginForm:
    """The form on the page ``url``.

    fields: what to fill in, by the names of its inputs; the others keep what the page gives them.
    form: a CSS selector of the form; "": the one that asks for a password.
    success: a CSS selector of what only a page shows that is logged in; "": no password is asked.
    """

    url: str
    fields: tuple[tuple[str, str], ...]
    form: str = ""
    success: str = ""

    def __repr__(self) -> str:
        """Return nothing that may be secret."""
        return f"LoginForm({self.url}, {len(self.fields)} fields)"


def read_login(path: str) -> LoginForm:
    """Return the form that a TOML file describes. A value "$NAME" is that environment variable's.

    Raises ValueError naming what is wrong, never with a value, and OSError.
    """
    try:
        found = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as exc:
        raise ValueError(f"{path} is not TOML: {exc}") from None
    for name in found:
        if name not in _KEYS:
            meant = did_you_mean(name, _KEYS)
            raise ValueError(f"{path} has {name!r}, not one of {', '.join(_KEYS)}{meant}")
    url, fields = found.get("url"), found.get("fields")
    if not isinstance(url, str):
        raise ValueError(f"{path} has no url of the page with the form; {_EXAMPLE}")
    if not (isinstance(fields, dict) and fields and all(map(_is_text, fields.values()))):
        raise ValueError(
            f"{path} has no table of texts to fill in; write for example: "
            'fields = {user = "me", password = "$PASSWORD"}'
        )
    return LoginForm(
        url=valid_url(url),
        fields=tuple((name, _expanded(name, value)) for name, value in fields.items()),
        form=_selector(path, found, "form"),
        success=_selector(path, found, "success"),
    )


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _expanded(name: str, value: str) -> str:
    variable = _VARIABLE.fullmatch(value)
    if variable is None:
        return value
    if (text := os.environ.get(variable[1])) is None:
        raise ValueError(
            f"the environment variable {variable[1]}, for the field {name}, is not set"
        )
    return text


def _selector(path: str, found: dict[str, Any], name: str) -> str:
    value = found.get(name, "")
    try:
        if not isinstance(value, str):
            raise ValueError("it must be text")
        if value:
            HTMLTranslator().css_to_xpath(value)
    except (SelectorError, ValueError) as exc:
        raise ValueError(f"{path}: {name} is not a CSS selector: {exc}") from None
    return value
