"""Takes the picture of the dashboard in docs/how-to/serve.md: ``python docs/dashboard_picture.py``.

Crawls a demo web of a few sites for a minute and a half, and opens the dashboard in the system's
Chromium. Needs requirements-dev.txt.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from crawlproj.demo import DemoWeb, SiteSpec

PICTURE = Path(__file__).parent / "how-to" / "dashboard.png"
RUN_S = 90
CRAWL = [sys.executable, "-m", "scrapy", "crawl", "site"]
SITES = [
    SiteSpec("plain", pages=20_000, latency_s=0.1),
    SiteSpec("slow", "slow", pages=20_000),
    SiteSpec("failing", "failing", pages=2_000),
    SiteSpec("polite", pages=200, crawl_delay_s=10),
    SiteSpec("quota", pages=5_000, weather={"rate": 3, "retry_after": True}),
    SiteSpec("small", pages=5_000, weather={"workers": 4, "service_s": 0.2}),
]


def main() -> None:
    """Take the picture."""
    with tempfile.TemporaryDirectory() as folder, DemoWeb(SITES, Path(folder, "log")) as web:
        place = f"sqlite:///{folder}/crawl.db"
        settings = {
            "FRONTIER_URL": place,
            "STORE_URL": place,
            "GUARD_ALLOW": "127.0.0.0/8",
            "SERVE_PORT": 0,
            "LOG_LEVEL": "ERROR",
            "FRONTIER_JOB": "demo",
        }
        words = [word for name, value in settings.items() for word in ("-s", f"{name}={value}")]
        url = ",".join(web.urls.values())
        crawl = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "scrapy",
                "crawl",
                "site",
                "-a",
                f"url={url}",
                "--serve",
                *words,
            ],
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            assert crawl.stderr is not None
            address = next(
                found[1] for line in crawl.stderr if (found := re.search(r" at (http\S+)", line))
            )
            time.sleep(RUN_S)
            take(address)
        finally:
            crawl.kill()
            crawl.wait()
    print(f"{PICTURE}: {PICTURE.stat().st_size / 1024:.0f} KiB")


def take(address: str) -> None:
    """Take the picture of the first page of a server."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 1120, "height": 900}, color_scheme="light")
        page.goto(address)
        page.wait_for_selector("#live.fresh")
        page.screenshot(path=PICTURE, full_page=True)
        browser.close()
    # Few colours are a third of the bytes.
    Image.open(PICTURE).quantize(128).save(PICTURE, optimize=True)


if __name__ == "__main__":
    main()
