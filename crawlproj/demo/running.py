"""Runs the demo web in a process of its own and reads its logs."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from crawlproj.demo.pages import Expected, SiteSpec, expected
from crawlproj.errors import CrawlprojError
from crawlproj.fleet.asked_process import AskedProcess

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import TracebackType


@dataclass(frozen=True, slots=True)
class LogLine:
    """A request that arrived.

    time: unix seconds.
    path: as requested, with its query.
    status: of the answer; 0 if there is none, or if the site's weather decides on it later.
    in_flight: requests in flight at the site at that moment, this one included.
    """

    time: float
    site: str
    method: str
    path: str
    status: int
    in_flight: int


@dataclass(frozen=True, slots=True)
class AnswerLine:
    """A request that has ended.

    arrived, ended: unix seconds; it ends with its answer, or when the client disconnects.
    path: as requested, with its query.
    status: of the answer; 0 for none.
    ending: as in pages.Answer, or "abandoned" if the client disconnected before an answer.
    """

    arrived: float
    ended: float
    site: str
    path: str
    status: int
    ending: str


class DemoWeb:
    """A context manager that runs the demo web in a process, which never outlives this one.

    log: the file to append the access log to, a line as each request arrives.
    answers: the file to append the log of answers to, a line as each is sent; None for none.

    Raises CrawlprojError if it cannot start.
    """

    def __init__(self, specs: Sequence[SiteSpec], log: Path, answers: Path | None = None) -> None:
        self.specs = {spec.name: spec for spec in specs}
        if len(self.specs) != len(specs):
            raise CrawlprojError("two sites of the demo web have the same name: rename one")
        self._log = log
        self._answers = answers
        self._urls: dict[str, str] = {}
        self._process: AskedProcess | None = None

    def __enter__(self) -> DemoWeb:
        fields = json.dumps([asdict(spec) for spec in self.specs.values()])
        command = [
            sys.executable,
            "-m",
            "crawlproj.demo",
            "--spec",
            fields,
            "--log",
            str(self._log),
        ]
        if self._answers is not None:
            command += ["--answers", str(self._answers)]
        self._process = AskedProcess(command, "the demo web")
        try:
            self._urls = self._process.read()
        except BaseException:
            self._process.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._process is not None:
            self._process.close()
            self._process = None

    @property
    def urls(self) -> dict[str, str]:
        """Base URLs by site name, without a trailing slash."""
        return dict(self._urls)

    def url(self, name: str) -> str:
        """Return the base URL of a site, without a trailing slash."""
        return self._urls[name]

    def expected(self, name: str) -> Expected:
        """Return the result that a complete crawl of a site must have, by URL."""
        return expected(self.specs[name], self._urls[name])

    def log(self) -> list[LogLine]:
        """Return the requests so far, in order of arrival."""
        lines = []
        for line in _whole_lines(self._log):
            time, site, method, path, status, in_flight = line.split("\t")
            lines.append(LogLine(float(time), site, method, path, int(status), int(in_flight)))
        return lines

    def answers(self) -> list[AnswerLine]:
        """Return the requests that have ended so far, in that order."""
        if self._answers is None:
            raise CrawlprojError(
                "the demo web does not log its answers: give DemoWeb the argument answers"
            )
        lines = []
        for line in _whole_lines(self._answers):
            arrived, ended, site, path, status, ending = line.split("\t")
            lines.append(AnswerLine(float(arrived), float(ended), site, path, int(status), ending))
        return lines

    def cpu_s(self) -> float:
        """Return the CPU seconds the server has used, user and system."""
        if self._process is None:
            raise CrawlprojError("the demo web is not running: use it in a with statement")
        return float(self._process.ask()["cpu_s"])


def _whole_lines(path: Path) -> list[str]:
    """Return the lines of a log, without a last line that is still being written."""
    return path.read_text().rpartition("\n")[0].splitlines()
