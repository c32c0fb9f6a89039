"""Whether a page's text is what a browser shows: ``python -m benchmarks.browser_text``.

Random pages of documentation that Debian packages install are opened in headless Chromium, without
their style sheets and with every <details> open, and the words of ``document.body.innerText`` are
compared with those that crawlproj stores. Prints how many pages of each kind have the same words in
the same order, and where others first differ.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

from crawlproj.content.text import text_of
from crawlproj.content.tree import tree_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_DOC = Path("/usr/share/doc")
_KINDS = {
    "python3.11-doc": "python3.11/html/**/*.html",
    "postgresql-doc-15": "postgresql-doc-15/html/*.html",
    "git-doc": "git-doc/**/*.html",
    "sqlite3-doc": "sqlite3/**/*.html",
    "rust-doc": "rust-doc/html/std/**/*.html",
    "libeigen3-doc": "libeigen3-dev/html/*.html",
    "cargo-doc": "cargo/**/*.html",
}
_MAX_BYTES = 400_000
_STYLES = re.compile(rb"<link[^>]*stylesheet[^>]*>|<style.*?</style>", re.IGNORECASE | re.DOTALL)
_PER_PAGE_S = 5
# Reads one page after another in a frame, and sends its text. No script of a page runs.
_READER = """<!doctype html><body><script>
(async () => {
  for (let n = 0; n < COUNT; n++) {
    const frame = document.createElement('iframe');
    frame.sandbox = 'allow-same-origin';
    await new Promise(done => {
      frame.onload = done;
      frame.src = '/page/' + n;
      document.body.append(frame);
    });
    const page = frame.contentDocument;
    for (const each of page.querySelectorAll('details')) each.open = true;
    await fetch('/text/' + n, {method: 'POST', body: page.body.innerText});
    frame.remove();
  }
})()
</script>"""


def main() -> int:
    """Compare and print; 1 if there is no Chromium or no page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.browser_text", description=__doc__)
    parser.add_argument("--pages", type=int, default=40, help="of each kind (default: 40)")
    parser.add_argument("--draw", type=int, default=0, help="another number takes other pages")
    options = parser.parse_args()
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser is None:
        print("there is no chromium: install Debian's package chromium", file=sys.stderr)
        return 1
    pages = _pages(options.pages, random.Random(options.draw))  # noqa: S311 - not for secrets
    if not pages:
        print(f"install one of Debian's packages {', '.join(_KINDS)}", file=sys.stderr)
        return 1
    shown = _shown_by(browser, [body for _, _, body in pages])
    for package in _KINDS:
        same = [
            _report(file, text_of(tree_of(body)).split(), shown.get(n, "").split())
            for n, (kind, file, body) in enumerate(pages)
            if kind == package
        ]
        print(f"{package:18}", f"{sum(same)} of {len(same)}" if same else "skipped: not installed")
    return 0


def _pages(number: int, choice: random.Random) -> list[tuple[str, Path, bytes]]:
    """Return up to ``number`` pages of each kind: its package, the file, and what is shown."""
    pages = []
    for package, pattern in _KINDS.items():
        files = sorted(file for file in _DOC.glob(pattern) if file.stat().st_size <= _MAX_BYTES)
        pages += [
            (package, file, _STYLES.sub(b"", file.read_bytes()))
            for file in choice.sample(files, min(number, len(files)))
        ]
    return pages


def _report(file: Path, ours: Sequence[str], browsers: Sequence[str]) -> bool:
    """Whether the words are the same; print the first that differ."""
    for n, (mine, other) in enumerate(zip_longest(ours, browsers)):
        if mine != other:
            around = slice(max(0, n - 2), n + 3)
            print(f"{file}: {' '.join(ours[around])!r}, browser {' '.join(browsers[around])!r}")
            return False
    return True


def _shown_by(browser: str, bodies: Sequence[bytes]) -> dict[int, str]:
    """Return the text of each page in the browser; a page that it does not open is missing."""
    texts: dict[int, str] = {}
    everything = threading.Event()
    answers = {f"/page/{n}": body for n, body in enumerate(bodies)}
    answers["/"] = _READER.replace("COUNT", json.dumps(len(bodies))).encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._send(answers.get(self.path, b""))  # pages ask for pictures and scripts, too

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            texts[int(self.path.rpartition("/")[2])] = body.decode()
            self._send(b"")
            if len(texts) == len(bodies):
                everything.set()

        def _send(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with _opened(browser, f"http://127.0.0.1:{server.server_port}/"):
            everything.wait(_PER_PAGE_S * len(bodies))
        server.shutdown()
    return texts


@contextmanager
def _opened(browser: str, url: str) -> Iterator[None]:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [
            *(browser, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"),
            *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
            *("--remote-debugging-port=0", f"--user-data-dir={profile}", url),
        ]
        # It is stopped whatever it does, and says nothing that matters.
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            yield
        finally:
            process.terminate()
            process.wait()


if __name__ == "__main__":
    sys.exit(main())
