"""Named queries, as a TOML file describes them; see docs/reference/serve-api.md. Pure."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

from crawlproj.errors import ConfigError
from crawlproj.serve.api.ordering import MAX_COLUMNS, UNORDERED, Order
from crawlproj.serve.database.placeholders import names_in
from crawlproj.serve.web.parameters import Choice, Flag, Integer, Number, Parameter, Text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from crawlproj.serve.web.parameters import Kind

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_QUERY_KEYS = {
    *("sql", "summary", "lane", "limit", "seconds", "cache", "parameters"),
    *("order_by", "descending"),
}
_PARAMETER_KEYS = {"type", "description", "default", "required", "min", "max", "choices"}
CURSOR = "cursor"
_MAX_ROWS = 10_000
_INT64 = 2**63


@dataclass(frozen=True, slots=True)
class NamedQuery:
    """A query.

    lane: which it takes. limit: the most rows. seconds: how long it may run; 0 leaves that to the
    lane. cache_s: how long an answer is as good as new; 0 keeps none. order: in which it comes, and
    by which one that was cut goes on.
    """

    name: str
    sql: str
    summary: str
    parameters: tuple[Parameter, ...]
    lane: Literal["fast", "slow"] = "fast"
    limit: int = 1000
    seconds: float = 0.0
    cache_s: float = 0.0
    order: Order = UNORDERED


def load_queries(path: Path) -> list[NamedQuery]:
    """Read the queries in ``path``. Raises ConfigError naming the query and what is wrong."""
    try:
        text = path.read_text(encoding="utf-8")
        content = tomllib.loads(text)
    except OSError as exc:
        raise ConfigError(f"--queries: {path} cannot be read: {exc.strerror}") from exc
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise ConfigError(f"--queries: {path} is not TOML: {exc}") from exc
    if not content:
        raise ConfigError(f'--queries: {path} has no query: write [name] and sql = "SELECT …"')
    return [
        _query(f"--queries: [{name}] in {path}{_line_of(name, text)}", name, given)
        for name, given in content.items()
    ]


def _line_of(name: str, text: str) -> str:
    """Return where the table of a query begins: ", line 7"; "" if it is written in another way."""
    found = re.search(rf"^[ \t]*\[[ \t]*{re.escape(name)}[ \t]*\]", text, re.MULTILINE)
    return f", line {text.count(chr(10), 0, found.start()) + 1}" if found else ""


def _query(where: str, name: str, given: Any) -> NamedQuery:
    if not _NAME.fullmatch(name):
        raise ConfigError(f"{where}: a name has small letters, digits and _, at most 63 of them")
    if not isinstance(given, dict):
        raise ConfigError(f"{where} must be a table")
    _check_keys(where, given, _QUERY_KEYS)
    sql = _typed(where, given, "sql", str, "")
    if not sql.strip():
        raise ConfigError(f"{where} needs sql")
    described = _typed(where, given, "parameters", dict, {})
    parameters = tuple(_parameter(where, each, described[each]) for each in described)
    if (used := names_in(sql)) != set(described):
        raise ConfigError(
            f"{where}: its sql has the parameters {_listed(used)}, and its table parameters "
            f"describes {_listed(set(described))}: make them the same"
        )
    lane = given.get("lane", "fast")
    if lane not in {"fast", "slow"}:
        raise ConfigError(f'{where}: lane must be "fast" or "slow", not {lane!r}')
    limit = _typed(where, given, "limit", int, 1000)
    if not 1 <= limit <= _MAX_ROWS:
        raise ConfigError(f"{where}: limit must be from 1 to {_MAX_ROWS} rows, not {limit}")
    return NamedQuery(
        name,
        sql,
        _typed(where, given, "summary", str, f"The query {name}"),
        parameters,
        cast("Literal['fast', 'slow']", lane),
        limit,
        _seconds(where, given, "seconds"),
        _seconds(where, given, "cache"),
        _order(where, given),
    )


def _order(where: str, given: Mapping[str, Any]) -> Order:
    columns = _typed(where, given, "order_by", list, [])
    names = all(isinstance(each, str) and each for each in columns)
    if not names or len(set(columns)) < len(columns) or len(columns) > MAX_COLUMNS:
        raise ConfigError(f"{where}: order_by must be at most {MAX_COLUMNS} different columns")
    if columns and CURSOR in given.get("parameters", {}):
        raise ConfigError(f"{where}: with order_by, its sql must not have a parameter {CURSOR}")
    return Order(tuple(columns), _typed(where, given, "descending", bool, default=False))


def _parameter(where: str, name: str, given: Any) -> Parameter:
    where = f"{where}, parameter {name}"
    if not isinstance(given, dict):
        raise ConfigError(f'{where} must be a table, such as {{ type = "integer" }}')
    _check_keys(where, given, _PARAMETER_KEYS)
    kind = _kind(where, given)
    default = given.get("default")
    if default is not None:
        text = str(default).lower() if isinstance(default, bool) else str(default)
        try:
            default = kind.read(text)
        except ValueError as exc:
            raise ConfigError(f"{where}: its default {exc}") from None
    required = _typed(where, given, "required", bool, default is None)
    description = _typed(where, given, "description", str, name)
    return Parameter(name, kind, description, default, required)


def _kind(where: str, given: Mapping[str, Any]) -> Kind:
    match given.get("type", "text"):
        case "text" if "choices" in given:
            choices = _typed(where, given, "choices", list, [])
            if not choices or not all(isinstance(each, str) for each in choices):
                raise ConfigError(f"{where}: choices must be a list of texts")
            return Choice(tuple(choices))
        case "text":
            return Text(_typed(where, given, "max", int, 300))
        case "integer":
            least = _typed(where, given, "min", int, -_INT64)
            return Integer(least, _typed(where, given, "max", int, _INT64 - 1))
        case "number":
            return Number()
        case "boolean":
            return Flag()
        case other:
            raise ConfigError(
                f"{where}: type must be text, integer, number or boolean, not {other!r}"
            )


def _check_keys(where: str, given: Mapping[str, Any], known: set[str]) -> None:
    if unknown := set(given) - known:
        raise ConfigError(f"{where} has {min(unknown)!r}; it takes {_listed(known)}")


def _typed(where: str, given: Mapping[str, Any], name: str, kind: type, default: Any) -> Any:
    value = given.get(name, default)
    if type(value) is not kind:
        words = {str: "text", int: "a whole number", bool: "true or false", list: "a list"}
        raise ConfigError(f"{where}: {name} must be {words.get(kind, 'a table')}, not {value!r}")
    return value


def _seconds(where: str, given: Mapping[str, Any], name: str) -> float:
    value = given.get(name, 0.0)
    if type(value) not in {int, float} or not 0 <= value < float("inf"):
        raise ConfigError(f"{where}: {name} must be a number of seconds, not {value!r}")
    return float(value)


def _listed(names: set[str]) -> str:
    return ", ".join(sorted(names)) or "none"
