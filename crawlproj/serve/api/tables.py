"""The tables of a store as the service offers them: their columns, and the filters on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crawlproj.serve.web.parameters import MAX_URL, Flag, Integer, Names, Number, Parameter, Text
from crawlproj.store.rows import COLUMNS, JSON_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Mapping

_STATUS = Parameter("status", Integer(0, 999), "the HTTP status")
_DEPTH = Parameter("depth", Integer(0, 2**31 - 1), "how many links from a seed")
_REASON = Parameter("reason", Text(100), "why, as the summary counts it: http-404, robots, …")


@dataclass(frozen=True, slots=True)
class Table:
    """A table whose rows have a ``url``.

    fields: the columns that may be asked for. usual: those that an answer has without ``fields``.
    time: the column of the time. filters: parameter → SQL that holds for the rows it lets through.
    """

    name: str
    fields: tuple[str, ...]
    usual: tuple[str, ...]
    time: str
    filters: Mapping[str, str]
    filter_parameters: tuple[Parameter, ...]

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The parameters that choose rows and columns."""
        return (
            Parameter("site", Text(300), "the host, with the port unless it is the usual one"),
            Parameter("prefix", Text(MAX_URL), "how the URL begins"),
            Parameter("after", Number(), f"{self.time} is at least this (unix seconds)"),
            Parameter("before", Number(), f"{self.time} is less than this (unix seconds)"),
            *self.filter_parameters,
            Parameter(
                "fields",
                Names(self.fields),
                "the fields of each item, besides url",
                default=self.usual,
            ),
        )

    def schema(self) -> dict[str, Any]:
        """Return the JSON schema of an item."""
        return {
            "type": "object",
            "required": ["url"],
            "properties": {name: SCHEMAS[name] for name in ("url", *self.fields)},
        }


_TIME = {"after": "{time} >= :after", "before": "{time} < :before"}


def _table(
    name: str, time: str, usual: str, filters: Mapping[str, str], *parameters: Parameter
) -> Table:
    fields = [column for column in COLUMNS[name] if column != "url"]
    if name == "pages":
        fields.append("duplicate_of")
    times = {parameter: sql.format(time=time) for parameter, sql in _TIME.items()}
    return Table(name, tuple(fields), tuple(usual.split()), time, {**times, **filters}, parameters)


PAGES = _table(
    "pages",
    "fetched_at",
    "status title content_type depth fetched_at duplicate_of",
    {
        "status": "status = :status",
        "depth": "depth = :depth",
        "content_type": "lower(substr(content_type, 1, length(:content_type))) = :content_type",
        "duplicate": "(duplicate_of IS NOT NULL) = :duplicate",
    },
    _STATUS,
    _DEPTH,
    Parameter("content_type", Text(200), "how the content type begins: text/html"),
    Parameter("duplicate", Flag(), "whether an equal page was stored before"),
)
FAILURES = _table(
    "failures",
    "failed_at",
    "reason detail status depth failed_at",
    {"reason": "reason = :reason", "status": "status = :status", "depth": "depth = :depth"},
    _REASON,
    _STATUS,
    _DEPTH,
)
SKIPPED = _table(
    "skipped",
    "skipped_at",
    "reason detail depth skipped_at",
    {"reason": "reason = :reason", "depth": "depth = :depth"},
    _REASON,
    _DEPTH,
)
TABLES = {table.name: table for table in (PAGES, FAILURES, SKIPPED)}

_TEXT, _INTEGER, _NUMBER = ({"type": [kind, "null"]} for kind in ("string", "integer", "number"))
_BY_NAME: dict[str, dict[str, Any]] = {
    "url": {"type": "string"},
    "reason": {"type": "string"},
    "status": _INTEGER,
    "depth": _INTEGER,
    "fetched_at": {**_NUMBER, "description": "unix seconds"},
    "failed_at": {**_NUMBER, "description": "unix seconds"},
    "skipped_at": {**_NUMBER, "description": "unix seconds"},
    **{
        name: {**_NUMBER, "description": "unix seconds"}
        for name in ("first_seen_at", "changed_at", "checked_at", "gone_at")
    },
    "duplicate_of": {**_TEXT, "description": "the URL of the first page with the same content"},
    "html": {
        "type": ["object", "null"],
        "description": "the body, compressed with zstandard",
        "properties": {"base64": {"type": "string"}},
    },
    **{name: {"description": "any JSON"} for name in JSON_COLUMNS},
}
SCHEMAS = {
    column: _BY_NAME.get(column, _TEXT)
    for columns in (*COLUMNS.values(), ("duplicate_of",))
    for column in columns
}
"""Column → JSON schema of its values."""
