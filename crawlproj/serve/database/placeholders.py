"""Named parameters, ``:name``, in psycopg's form. Pure."""

from __future__ import annotations

import re

# Tokens with a colon that is not a parameter come first: literals, quoted names, comments, and
# ``::type``. Unclosed ones are left as they are: the database says what is wrong.
_TOKEN = re.compile(
    r"""
    (?P<other>
        [eE]'(?:[^'\\]|\\.|'')*' | '(?:[^']|'')*' | "(?:[^"]|"")*"
      | \$(?P<tag>\w*)\$.*?\$(?P=tag)\$
      | --[^\n]* | /\*.*?\*/
      | ::
    )
  | :(?P<name>[A-Za-z_]\w*)
  | (?P<percent>%)
    """,
    re.VERBOSE | re.DOTALL,
)


def psycopg_sql(sql: str) -> str:
    """Return ``sql`` with ``:name`` as ``%(name)s``, and every other percent sign doubled."""

    def replace(found: re.Match[str]) -> str:
        if found["name"]:
            return f"%({found['name']})s"
        return found[0].replace("%", "%%")

    return _TOKEN.sub(replace, sql)


def names_in(sql: str) -> set[str]:
    """Return the names of the parameters in ``sql``."""
    return {found["name"] for found in _TOKEN.finditer(sql) if found["name"]}
