"""Runs a scrapyd on loopback and deploys this project to it."""

from __future__ import annotations

import base64
import importlib.util
import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from crawlproj.errors import CrawlprojError
from crawlproj.fleet.children import end_process
from crawlproj.ports import reserved_port

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from types import TracebackType
    from typing import Self

PROJECT = "crawlproj"
_ROOT = Path(__file__).parent.parent.parent
_PACKED = ("crawlproj", "README.md", "LICENSE", "pyproject.toml", "scrapy.cfg", "setup.py")
_START_TIMEOUT_S = 30.0
_STOP_TIMEOUT_S = 20.0  # a crawl drains within ten seconds
_CALL_TIMEOUT_S = 60.0  # scrapyd starts a process to list the spiders before it answers
_LOOK_S = 0.1
_CONFIG = """\
[scrapyd]
bind_address = 127.0.0.1
http_port = {port}
poll_interval = 0.2
max_proc = 4
logs_dir = logs
items_dir = items
"""


class Scrapyd:
    """A context manager that runs scrapyd in ``folder``, with a random password.

    environment: additional variables for its jobs, such as CRAWLPROJ_… for URLs with passwords.

    Methods raise CrawlprojError if scrapyd does not start or answers with an error. On exit its
    jobs are drained, or killed if that takes too long.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._folder = folder
        self._output = folder / "scrapyd.log"
        self._environment = environment
        self._password = secrets.token_urlsafe(12)
        self._process: subprocess.Popen[bytes] | None = None
        self.url = ""

    @staticmethod
    def missing() -> str:
        """Return why scrapyd cannot run here; "" if it can."""
        for module in ("scrapyd", "scrapyd_client"):
            if importlib.util.find_spec(module) is None:
                return f"{module} is not installed: pip install -r requirements-scrapyd.txt"
        return (
            "" if (_ROOT / "scrapy.cfg").exists() else f"{_ROOT} is not a checkout of the project"
        )

    @property
    def credentials(self) -> dict[str, str]:
        """The environment variables for scrapyd, and for scrapyd-client (see scrapy.cfg)."""
        return {"SCRAPYD_USERNAME": "crawler", "SCRAPYD_PASSWORD": self._password}

    def __enter__(self) -> Self:
        if why := self.missing():
            raise CrawlprojError(why)
        with reserved_port() as port:
            self.url = f"http://127.0.0.1:{port}"
            (self._folder / "scrapyd.conf").write_text(_CONFIG.format(port=port))
            with self._output.open("ab") as output:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "scrapyd"],
                    cwd=self._folder,  # outside the checkout, so that jobs import the egg
                    env={**os.environ, **self._environment, **self.credentials},
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    start_new_session=True,  # without Ctrl-C: __exit__ drains its jobs first
                )
            try:
                self._wait_until_it_answers(self._process)
            except BaseException:
                self._stop()
                raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            self._end_jobs()
        finally:
            self._stop()

    def deploy(self, checkout: Path) -> list[str]:
        """Deploy a checkout (see ``pack``) with scrapyd-deploy; returns its spiders' names."""
        done = subprocess.run(
            [sys.executable, "-m", "scrapyd_client.deploy"],
            cwd=checkout,
            env={**os.environ, **self.credentials},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise CrawlprojError(f"scrapyd-deploy failed: {done.stderr}{done.stdout}")
        spiders = self._get("listspiders", project=PROJECT)["spiders"]
        return [str(spider) for spider in spiders]

    def pack(self, folder: Path) -> Path:
        """Copy the project to ``folder``/checkout, with this server as its deploy target."""
        copy = folder / "checkout"
        copy.mkdir()
        for name in _PACKED:
            if (_ROOT / name).is_dir():
                shutil.copytree(_ROOT / name, copy / name, ignore=shutil.ignore_patterns("*.pyc"))
            else:
                shutil.copy(_ROOT / name, copy / name)
        config = (copy / "scrapy.cfg").read_text()
        config = re.sub(r"^url = .*$", f"url = {self.url}", config, flags=re.MULTILINE)
        (copy / "scrapy.cfg").write_text(config)
        return copy

    def schedule(
        self, spider: str, settings: Mapping[str, str], arguments: Mapping[str, str]
    ) -> str:
        """Schedule a job; returns its id."""
        fields = [("project", PROJECT), ("spider", spider), *arguments.items()]
        fields += [("setting", f"{name}={value}") for name, value in settings.items()]
        return str(self._post("schedule", fields)["jobid"])

    def cancel(self, job: str) -> None:
        """Drain a job; a second call kills it."""
        self._post("cancel", [("project", PROJECT), ("job", job), ("signal", "TERM")])

    def state(self, job: str) -> str:
        """Return "pending", "running" or "finished"."""
        return str(self._get("status", job=job)["currstate"])

    def wait(self, jobs: Collection[str], timeout_s: float) -> None:
        """Wait until all jobs have finished; raises CrawlprojError after ``timeout_s``."""
        deadline = time.monotonic() + timeout_s
        for job in jobs:
            while self.state(job) != "finished":
                if time.monotonic() > deadline:
                    raise CrawlprojError(
                        f"job {job} is {self.state(job)} after {timeout_s:g} s; its log ends with\n"
                        + self.log(job)[-2000:]
                    )
                time.sleep(_LOOK_S)

    def log(self, job: str) -> str:
        """Return the log of a job so far; "" if it has none yet."""
        return "".join(path.read_text() for path in self._folder.glob(f"logs/*/*/{job}.log"))

    def items(self, job: str) -> list[dict[str, Any]]:
        """Return the items of a finished job."""
        (path,) = self._folder.glob(f"items/*/*/{job}.jl")
        return [json.loads(line) for line in path.read_text().splitlines()]

    def ending(self, job: str) -> str:
        """Return the line that scrapyd logged when a job's process ended."""
        lines = self._output.read_text().splitlines()
        return next(
            line
            for line in lines
            if f"job='{job}'" in line and re.search("Process (finished|died)", line)
        )

    def _end_jobs(self) -> None:
        # scrapyd leaves its jobs running when it ends, and starts pending ones until then.
        jobs = self._get("listjobs")
        for job in jobs["pending"] + jobs["running"]:
            self.cancel(job["id"])
        deadline = time.monotonic() + _STOP_TIMEOUT_S
        while running := self._get("listjobs")["running"]:
            if time.monotonic() > deadline:
                for job in running:
                    os.kill(job["pid"], signal.SIGKILL)
                return
            time.sleep(_LOOK_S)

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            end_process(process, _STOP_TIMEOUT_S)

    def _wait_until_it_answers(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + _START_TIMEOUT_S
        while True:
            try:
                self._get("daemonstatus")
            except CrawlprojError as exc:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise CrawlprojError(
                        f"scrapyd did not start ({exc}); its log:\n{self._output.read_text()}"
                    ) from exc
                time.sleep(_LOOK_S)
            else:
                return

    def _get(self, name: str, **fields: str) -> Any:
        return self._answer(f"{name}.json?{urlencode(fields)}", None)

    def _post(self, name: str, fields: Collection[tuple[str, str]]) -> Any:
        return self._answer(f"{name}.json", urlencode(list(fields)).encode())

    def _answer(self, path: str, body: bytes | None) -> Any:
        request = Request(f"{self.url}/{path}", body)  # noqa: S310 - our own http URL
        token = base64.b64encode(":".join(self.credentials.values()).encode()).decode()
        request.add_header("Authorization", f"Basic {token}")
        try:
            with urlopen(request, timeout=_CALL_TIMEOUT_S) as response:  # noqa: S310
                answer = json.load(response)
        except (OSError, ValueError) as exc:
            raise CrawlprojError(f"scrapyd did not answer {path}: {exc}") from exc
        if answer["status"] != "ok":
            raise CrawlprojError(f"scrapyd refused {path}: {answer['message']}")
        return answer
