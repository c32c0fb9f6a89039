"""``python -m crawlproj.lab.serve.child MODEL``: runs a model; see ``Service.environment``."""

from __future__ import annotations

import sys

from crawlproj.lab.serve.models.table import MODELS
from crawlproj.lab.serve.service.queries import Service


def main(name: str) -> None:
    """Serve until killed."""
    MODELS[name].load()(Service.from_environment())


if __name__ == "__main__":
    main(*sys.argv[1:])
