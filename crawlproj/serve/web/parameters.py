"""Parameters of endpoints: what each takes, in a form that is both checked and described."""

from __future__ import annotations

import math
import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crawlproj.errors import did_you_mean
from crawlproj.serve.web.problems import bad_parameter

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.datastructures import QueryParams

MAX_URL = 8192
_INTEGERS = re.compile(r"-?[0-9]{1,19}")
CONTROL = re.compile(r"[\0\ud800-\udfff]")
"""Characters that no database takes in text: NUL, and halves of surrogate pairs."""


class Kind(ABC):
    """The values that a parameter may have."""

    @abstractmethod
    def schema(self) -> dict[str, Any]:
        """Return its JSON schema."""

    @abstractmethod
    def read(self, text: str) -> Any:
        """Return the value that ``text`` stands for. Raises ValueError saying what it must be."""


@dataclass(frozen=True, slots=True)
class Text(Kind):
    """Text of ``min`` to ``max`` characters without NUL."""

    max: int = 300
    min: int = 1

    def schema(self) -> dict[str, Any]:
        length = {"minLength": self.min, "maxLength": self.max}
        return {"type": "string", "pattern": r"^[^\u0000]*$", **length}

    def read(self, text: str) -> str:
        if not self.min <= len(text) <= self.max:
            raise ValueError(f"must have {self.min} to {self.max} characters, not {len(text)}")
        if CONTROL.search(text):
            raise ValueError("must not contain NUL or half of a surrogate pair")
        return text


@dataclass(frozen=True, slots=True)
class Integer(Kind):
    """A whole number from ``min`` to ``max``."""

    min: int
    max: int

    def schema(self) -> dict[str, Any]:
        return {"type": "integer", "minimum": self.min, "maximum": self.max}

    def read(self, text: str) -> int:
        if not _INTEGERS.fullmatch(text) or not self.min <= int(text) <= self.max:
            raise ValueError(f"must be a whole number from {self.min} to {self.max}")
        return int(text)


@dataclass(frozen=True, slots=True)
class Number(Kind):
    """A finite number."""

    def schema(self) -> dict[str, Any]:
        return {"type": "number"}

    def read(self, text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise ValueError("must be a finite number")
        return value


@dataclass(frozen=True, slots=True)
class Flag(Kind):
    """True or false."""

    def schema(self) -> dict[str, Any]:
        return {"type": "boolean"}

    def read(self, text: str) -> bool:
        if text.lower() not in {"true", "false", "1", "0"}:
            raise ValueError("must be true or false")
        return text.lower() in {"true", "1"}


@dataclass(frozen=True, slots=True)
class Choice(Kind):
    """One of ``names``."""

    names: tuple[str, ...]

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "enum": list(self.names)}

    def read(self, text: str) -> str:
        if text not in self.names:
            raise ValueError(
                f"must be one of {', '.join(self.names)}{did_you_mean(text, self.names)}"
            )
        return text


@dataclass(frozen=True, slots=True)
class Names(Kind):
    """Some of ``names``, separated by commas."""

    names: tuple[str, ...]

    def schema(self) -> dict[str, Any]:
        one = "|".join(self.names)
        return {"type": "string", "pattern": f"^({one})(,({one}))*$"}

    def read(self, text: str) -> tuple[str, ...]:
        given = tuple(dict.fromkeys(text.split(",")))
        for name in given:
            if name not in self.names:
                meant = did_you_mean(name, self.names)
                raise ValueError(f"has {name!r}; choose from {', '.join(self.names)}{meant}")
        return given


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of an endpoint.

    where: "query" or "path". A path's parameter is always required.
    """

    name: str
    kind: Kind
    description: str
    default: Any = None
    required: bool = False
    where: str = "query"

    def description_object(self) -> dict[str, Any]:
        """Return it as a Parameter Object of OpenAPI."""
        schema = self.kind.schema()
        if self.default is not None:
            shown = self.default
            schema["default"] = ",".join(shown) if isinstance(shown, tuple) else shown
        return {
            "name": self.name,
            "in": self.where,
            "required": self.required or self.where == "path",
            "description": self.description,
            "schema": schema,
        }


def read_parameters(
    declared: Sequence[Parameter], query: QueryParams, path: Mapping[str, str]
) -> dict[str, Any]:
    """Return the values of all declared parameters.

    Raises Problem if one is wrong, missing, given twice, or not declared: a misspelt filter must
    not be taken for none.
    """
    known = {parameter.name: parameter for parameter in declared}
    for name in query:
        parameter = known.get(name)
        if parameter is None or parameter.where != "query":
            names = [each.name for each in declared if each.where == "query"]
            listed = f"; it takes {', '.join(names)}" if names else "; it takes none"
            raise bad_parameter(
                name, f"is not a parameter of this path{listed}{did_you_mean(name, names)}"
            )
        if len(query.getlist(name)) > 1:
            raise bad_parameter(name, "is given twice; give it once")
    values: dict[str, Any] = {}
    for name, parameter in known.items():
        text = (path if parameter.where == "path" else query).get(name)
        if text is None:
            if parameter.required:
                raise bad_parameter(name, f"is missing: {parameter.description}")
            values[name] = parameter.default
            continue
        try:
            values[name] = parameter.kind.read(text)
        except ValueError as exc:
            raise bad_parameter(name, str(exc)) from None
    return values
