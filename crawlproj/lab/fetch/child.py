"""``python -m crawlproj.lab.fetch.child MODEL JOB``: runs a model on a job, JSON of ``JobSpec``."""

from __future__ import annotations

import sys

from crawlproj.lab.fetch.models.table import MODELS
from crawlproj.lab.fetch.toolkit.job import Job, JobSpec
from crawlproj.open_files import allow_many_open_files


def main(name: str, line: str) -> None:
    """Run the model, and write the job's records to its folder."""
    run = MODELS[name].load()
    job = Job(JobSpec.from_json(line))
    run(job)
    job.end()


if __name__ == "__main__":
    allow_many_open_files()
    main(*sys.argv[1:])
