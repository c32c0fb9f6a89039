"""A crawl on a network of its own, whose name server or route goes away for a while.

Run it as ``unshare -rnm python -m tests.away.machine FAULT SECONDS FOLDER [NAME=VALUE …]``, with a
network and mounts of its own. It writes FOLDER/result.json: the exit status, the output, and
how often each URL was answered. With 0 SECONDS, what is away is away from the start, for ever.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from tests.waiting import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Callable

SITES, PAGES = 24, 3
ADDRESS = "10.1.0.1"


def ip(*arguments: str) -> None:
    subprocess.run(("ip", *arguments), check=True)  # noqa: S607 - wherever it is


def network_up() -> None:
    ip("link", "set", "lo", "up")
    ip("route", "replace", "default", "dev", "lo")


class NameServer:
    """Answers every question with ADDRESS while it is ``up``."""

    def __init__(self) -> None:
        self.up = True
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((ADDRESS, 53))
        threading.Thread(target=self._serve, daemon=True).start()

    def answers(self, question: bytes) -> bool:
        return True

    def _serve(self) -> None:
        while True:
            question, client = self._socket.recvfrom(512)
            if not self.answers(question):
                continue
            wants_v4 = question[-4:-2] == b"\x00\x01"
            head = question[:2] + (b"\x81\x80" if self.up else b"\x81\x82")  # or SERVFAIL
            if self.up and wants_v4:
                answer = b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04"
                answer += socket.inet_aton(ADDRESS)
                head += b"\x00\x01\x00\x01\x00\x00\x00\x00"
            else:
                answer = b""
                head += b"\x00\x01\x00\x00\x00\x00\x00\x00"
            end = question.index(b"\x00", 12) + 5
            self._socket.sendto(head + question[12:end] + answer, client)


class Site(BaseHTTPRequestHandler):
    """Answers as many pages as there are sites, and the others once something has gone away."""

    protocol_version = "HTTP/1.1"
    answered: ClassVar[Counter[str]] = Counter()
    gone = threading.Event()  # set once what is to go away has gone

    def do_GET(self) -> None:
        if sum(self.answered.values()) >= SITES:
            self.gone.wait()
        self.answered[f"http://{self.headers['Host']}{self.path}"] += 1
        self.send_response(404 if self.path == "/robots.txt" else 200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"<p>hi")

    def log_message(self, *_: Any) -> None:
        pass


def resolve_here(folder: Path, options: str = "") -> None:
    """Bring the network up, with a resolv.conf that names ADDRESS as its only name server."""
    ip("addr", "add", f"{ADDRESS}/8", "dev", "lo")
    network_up()
    resolv = folder / "resolv.conf"
    resolv.write_text(f"nameserver {ADDRESS}\n{options}\n")
    mount = ("mount", "--bind", resolv, Path("/etc/resolv.conf").resolve())
    subprocess.run(mount, check=True)


def main(fault: str, seconds: float, folder: Path) -> None:
    resolve_here(folder, "options timeout:1 attempts:1")
    names = NameServer()
    server = ThreadingHTTPServer((ADDRESS, 8000), Site)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def set_names(up: bool) -> None:
        names.up = up

    faults: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
        "names": (lambda: set_names(False), lambda: set_names(True)),
        "routes": (lambda: ip("link", "set", "lo", "down"), network_up),
    }
    go, come = faults[fault]
    urls = [f"http://s{n}.test:8000/{page}" for page in range(PAGES) for n in range(SITES)]
    (folder / "urls.txt").write_text("\n".join(urls))
    settings = {
        "FRONTIER_URL": f"sqlite:///{folder}/crawl.db",
        "STORE_URL": f"sqlite:///{folder}/crawl.db",
        "GUARD_ALLOW": "10.0.0.0/8",
        "CONCURRENT_REQUESTS": 8,
        "DNSCACHE_TTL": 0.1,
        "DOWNLOAD_TIMEOUT": 3,
        "PROGRESS_INTERVAL": 1,
        **dict(one.split("=", 1) for one in sys.argv[4:]),
    }
    if not seconds:
        go()
    command = [sys.executable, "-m", "scrapy", "crawl", "urls", "-a", f"file={folder}/urls.txt"]
    for name, value in settings.items():
        command += ["-s", f"{name}={value}"]
    crawl = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if seconds:
        while sum(Site.answered.values()) < SITES and crawl.poll() is None:
            time.sleep(0.05)
        go()
        Site.gone.set()
        time.sleep(seconds)
        come()
    output, _ = crawl.communicate(timeout=PATIENCE_S)
    result = {
        "status": crawl.returncode,
        "output": output,
        "answered": {url: Site.answered[url] for url in urls},
    }
    (folder / "result.json").write_text(json.dumps(result))


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), Path(sys.argv[3]))
