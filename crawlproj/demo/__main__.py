"""Serves the demo web from this process: ``python -m crawlproj.demo --spec JSON --log FILE``.

Ends when standard input closes, so that it never outlives its parent; see DemoWeb.
"""

from __future__ import annotations

import argparse
import json
import os

import uvloop

from crawlproj.demo.pages import SiteSpec
from crawlproj.demo.server import serve
from crawlproj.errors import ConfigError


def main() -> None:
    """Read the arguments and serve."""
    parser = argparse.ArgumentParser(prog="python -m crawlproj.demo", description=__doc__)
    parser.add_argument("--spec", required=True, help="a JSON list of the fields of SiteSpec")
    parser.add_argument("--log", required=True, help="the access log, appended to")
    arguments = parser.parse_args()
    try:
        specs = [SiteSpec(**fields) for fields in json.loads(arguments.spec)]
    except (ValueError, TypeError, ConfigError) as exc:
        parser.error(f"--spec: {exc}")
    try:
        log = os.open(arguments.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    except OSError as exc:
        parser.error(f"--log {arguments.log} cannot be written: {exc.strerror}")
    uvloop.run(serve(specs, log))


if __name__ == "__main__":
    main()
