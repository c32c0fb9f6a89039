"""Serves the demo web from this process: ``python -m crawlproj.demo --spec JSON --log FILE``.

It ends when standard input closes, so that it never outlives its parent; see DemoWeb. If standard
input is a file or /dev/null, a signal ends it.
"""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import fields

import uvloop

from crawlproj.demo.pages import SiteSpec
from crawlproj.demo.server import Logs, serve
from crawlproj.errors import ConfigError

_EXAMPLE = """'[{"name": "docs", "pages": 100}]'"""
_FIELDS = ", ".join(each.name for each in fields(SiteSpec))


def main() -> None:
    """Read the arguments and serve."""
    parser = argparse.ArgumentParser(prog="python -m crawlproj.demo", description=__doc__)
    parser.add_argument(
        "--spec",
        required=True,
        help=f"a JSON list of sites, such as {_EXAMPLE}. The fields: {_FIELDS}",
    )
    parser.add_argument("--log", required=True, help="append the access log to this file")
    parser.add_argument("--answers", help="append the log of answers to this file")
    arguments = parser.parse_args()
    try:
        specs = [SiteSpec(**spec) for spec in json.loads(arguments.spec)]
    except (ValueError, TypeError, ConfigError) as exc:
        parser.error(f"--spec: {exc}. Write for example {_EXAMPLE}; the fields are {_FIELDS}")
    try:
        requests = _open(arguments.log)
        answers = None if arguments.answers is None else _open(arguments.answers)
    except OSError as exc:
        parser.error(f"cannot write the log {exc.filename}: {exc.strerror}")
    uvloop.run(serve(specs, Logs(requests, answers)))


def _open(path: str) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)


if __name__ == "__main__":
    main()
