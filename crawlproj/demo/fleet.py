"""``python -m crawlproj.demo.fleet``: ``scrapy fleet`` with two workers on the demo web."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from pathlib import Path

from crawlproj.demo import DemoWeb, SiteSpec
from crawlproj.errors import CrawlprojError

FOLDER = Path("demo-run/fleet")
SITES = tuple(SiteSpec(f"site{n}", pages=300, latency_s=0.03) for n in range(16))


def main() -> int:
    """Crawl into ``demo-run/fleet``, which is emptied first; returns the fleet's exit status."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    store = FOLDER / "pages.db"
    settings = {
        "FLEET_DIR": str(FOLDER),
        "STORE_URL": f"sqlite:///{store}",
        "GUARD_ALLOW": "127.0.0.0/8",
        "PROGRESS_INTERVAL": "2",
    }
    command = [sys.executable, "-m", "scrapy", "fleet", "site", "-n", "2"]
    for name, value in settings.items():
        command += ["-s", f"{name}={value}"]
    try:
        with DemoWeb(SITES, FOLDER / "access.log") as web:
            command += ["-a", f"url={','.join(web.urls.values())}"]
            fleet = subprocess.Popen(command)  # noqa: S603 - our own command
            # Only the fleet handles Ctrl-C, because it needs the demo web while it drains.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, lambda number, _: fleet.send_signal(number))
            status = fleet.wait()
    except CrawlprojError as exc:
        sys.stderr.write(f"{exc}\n")
        return 1
    if status == 0:
        sys.stderr.write(
            f"\nThe workers' logs: {FOLDER}"
            f"\nThe pages:         {store}, tables pages and failures\n"
        )
    return status


if __name__ == "__main__":
    sys.exit(main())
