"""The name of the job that a spider works on."""

from __future__ import annotations

import json
import re
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_SECRET = re.compile(r"auth|cookie|key|pass|pwd|secret|token|//[^/]*@", re.IGNORECASE)
_MAX_LENGTH = 80  # of one argument


def job_name(spider: str, arguments: Mapping[str, Any]) -> str:
    """Return "spider name=value …": other arguments are another crawl.

    A long value, and one that may be a secret, appears as a hash. Names that begin with an
    underscore do not count: a server adds them, and they differ in every run (scrapyd's ``_job``).
    """
    named = (
        _named(name, value) for name, value in sorted(arguments.items()) if not name.startswith("_")
    )
    return " ".join((spider, *named))


def _named(name: str, value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=_type_of, sort_keys=True)
    shown = f"{name}={text}"
    if len(shown) > _MAX_LENGTH or _SECRET.search(shown):
        shown = f"{name}=#{blake2b(text.encode(), digest_size=8).hexdigest()}"
    return shown


def _type_of(value: object) -> str:
    return type(value).__qualname__  # its repr may differ in every run
