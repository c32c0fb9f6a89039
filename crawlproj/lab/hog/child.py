"""``python -m crawlproj.lab.hog.child MODEL JOB``: runs a model, and prints its outcome as JSON."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict

from crawlproj.lab.hog.models.job import HogJob
from crawlproj.lab.hog.models.table import MODELS


def main(name: str, line: str) -> None:
    """Run the model on the job, JSON of ``HogJob``."""
    run = MODELS[name].load()
    json.dump(asdict(run(HogJob.from_json(line))), sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
