"""A crawl with ``save`` keeps the bodies of the media types that its user chose."""

from __future__ import annotations

import errno
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from crawlproj.content.chosen_types import extension_of
from crawlproj.demo import DemoWeb, SiteSpec
from crawlproj.store.files import FileFolder
from tests.http.helpers import on_reactor
from tests.processes import Scrapy, scrapy
from tests.spiders.web import Answer, crawl_site, page, web_of
from tests.waiting import until_at_least

HOME = "http://a.example/"
PIPELINES = {
    "crawlproj.pipelines.files.FilesPipeline": 800,
    "crawlproj.pipelines.store.StorePipeline": 900,
}


def typed(content_type: str, body: bytes) -> Answer:
    return Answer(body, headers={"Content-Type": content_type})


def saving(folder: Path, **arguments: str) -> dict[str, Any]:
    return {
        "arguments": arguments,
        "ITEM_PIPELINES": PIPELINES,
        "FILES_URL": str(folder / "files"),
        "STORE_URL": f"sqlite:///{folder}/crawl.db",
    }


def stored(folder: Path) -> dict[str, str | None]:
    with closing(sqlite3.connect(folder / "crawl.db")) as db:
        return dict(db.execute("SELECT url, file FROM pages"))


def kept(folder: Path) -> dict[str, bytes]:
    files = folder / "files"
    found = (path for path in files.rglob("*") if path.is_file())
    return {str(path.relative_to(files)): path.read_bytes() for path in found}


SITE = {
    "/": page("/a", "/paper.pdf", "/copy.pdf", "/archive.zip") + '<img src="/pictures?id=1">',
    "/a": page() + '<img src="/logo.png">',
    "/paper.pdf": typed("application/pdf", b"%PDF-1 paper"),
    "/copy.pdf": typed("application/pdf; x=1", b"%PDF-1 paper"),
    "/archive.zip": typed("application/zip", b"PK"),
    "/pictures?id=1": typed("image/jpeg", b"\xff\xd8 picture"),
    "/logo.png": typed("application/octet-stream", b"\x89PNG"),
}


@on_reactor
async def test_bodies_are_kept_once_and_the_rows_of_their_pages_name_them(tmp_path: Path) -> None:
    done = await crawl_site(web_of(SITE), HOME, **saving(tmp_path, save="pdf,images"))
    assert done.finished
    assert done.totals.skipped == {"extension": 1}
    files, rows = kept(tmp_path), stored(tmp_path)
    assert set(files.values()) == {b"%PDF-1 paper", b"\xff\xd8 picture", b"\x89PNG"}
    assert rows[f"{HOME}paper.pdf"] == rows[f"{HOME}copy.pdf"]
    assert {url for url, file in rows.items() if file is None} == {HOME, f"{HOME}a"}
    for url, file in rows.items():
        if file is not None:
            answer = SITE[url.removeprefix("http://a.example")]
            assert isinstance(answer, Answer)
            assert files[file] == answer.body
    assert {Path(name).suffix for name in files} == {".pdf", ".jpg", ".png"}


@on_reactor
async def test_what_is_saved_is_fetched_beside_the_chosen_content(tmp_path: Path) -> None:
    arguments = saving(tmp_path, save="pdf", content="html")
    done = await crawl_site(web_of(SITE), HOME, **arguments)
    assert done.urls == {HOME, f"{HOME}a", f"{HOME}paper.pdf", f"{HOME}copy.pdf"}
    assert set(kept(tmp_path).values()) == {b"%PDF-1 paper"}


@on_reactor
async def test_without_save_there_is_no_folder(tmp_path: Path) -> None:
    await crawl_site(web_of(SITE), HOME, **saving(tmp_path))
    assert not (tmp_path / "files").exists()
    assert set(stored(tmp_path).values()) == {None}


@on_reactor
async def test_a_full_disk_ends_the_crawl_and_the_next_run_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> bool:
        raise OSError(errno.ENOSPC, "No space left on device")

    arguments = saving(tmp_path, save="pdf,images")
    arguments["FRONTIER_URL"] = f"sqlite:///{tmp_path}/crawl.db"
    with monkeypatch.context() as patched:
        patched.setattr(FileFolder, "keep", full)
        done = await crawl_site(web_of(SITE), HOME, **arguments)
    assert not done.finished
    assert done.totals.failed == {}
    assert "No space left on device" in caplog.text
    assert "FILES_URL" in caplog.text
    assert caplog.text.count("cannot be written") == 1
    done = await crawl_site(web_of(SITE), HOME, **arguments)
    assert done.finished
    assert len(kept(tmp_path)) == 3
    assert len(stored(tmp_path)) == 6


@on_reactor
async def test_of_an_image_in_several_sizes_the_largest_is_saved(tmp_path: Path) -> None:
    picture = '<img src="/small.png" srcset="/small.png 1x, /large.png 2x, /middle.png 1.5x">'
    source = '<picture><source srcset="/wide.png 900w, /narrow.png 300w"></picture>'
    names = ("small", "middle", "large", "wide", "narrow")
    images = {f"/{name}.png": typed("image/png", name.encode()) for name in names}
    site = {"/": page() + picture + source, **images}
    done = await crawl_site(web_of(site), HOME, **saving(tmp_path, save="images"))
    assert done.finished
    assert set(kept(tmp_path).values()) == {b"small", b"large", b"wide"}
    done = await crawl_site(web_of(site), HOME, **saving(tmp_path / "pdf", save="pdf"))
    assert done.urls == {HOME}


@on_reactor
async def test_images_that_a_script_loads_late_are_saved(tmp_path: Path) -> None:
    late = '<img src="data:image/gif;base64,AA" data-src="/one.png" data-srcset="/two.png 2x">'
    images = {f"/{name}.png": typed("image/png", name.encode()) for name in ("one", "two")}
    done = await crawl_site(
        web_of({"/": page() + late, **images}), HOME, **saving(tmp_path, save="images")
    )
    assert done.finished
    assert set(kept(tmp_path).values()) == {b"one", b"two"}


@pytest.mark.parametrize(
    ("essence", "url", "extension"),
    [
        ("application/pdf", "http://a/x", ".pdf"),
        ("image/jpeg", "http://a/x.jpeg", ".jpg"),
        ("", "http://a/x.png?y", ".png"),
        ("text/html", "http://a/x", ".html"),
        ("application/epub+zip", "http://a/x", ".epub"),
        ("application/x-unheard-of", "http://a/x", ""),
    ],
)
def test_a_file_has_the_extension_of_its_type(essence: str, url: str, extension: str) -> None:
    assert extension_of(essence, url) == extension


def words(url: str, folder: Path, save: str, files: str = "files") -> list[str]:
    place = f"sqlite:///{folder}/crawl.db"
    return [
        *("crawl", "site", "-a", f"url={url}", "-a", f"save={save}"),
        *("-s", f"FRONTIER_URL={place}", "-s", f"STORE_URL={place}", "-s", "LOG_LEVEL=ERROR"),
        *("-s", f"FILES_URL={folder}/{files}", "-s", "GUARD_ALLOW=127.0.0.0/8"),
    ]


@pytest.mark.slow
def test_killed_crawls_leave_no_torn_file_and_end_with_the_same_files(tmp_path: Path) -> None:
    whole, torn = tmp_path / "whole", tmp_path / "torn"
    for folder in (whole, torn):
        folder.mkdir()
    with DemoWeb([SiteSpec("plain", "plain", pages=100)], tmp_path / "log") as web:
        url = web.url("plain")
        code, shown = scrapy(*words(url, whole, "html"))
        assert code == 0, shown
        expected = kept(whole)
        assert f"{len(expected):,} new" in " ".join(shown.split())
        command = words(url, torn, "html")
        for kill in range(2):  # at the third, pages in hand would be put aside
            crawl = Scrapy(*command)
            until_at_least(15 * (kill + 1), lambda: _count(torn), crawl)
            crawl.kill()
            for name, body in kept(torn).items():
                assert name.startswith(".incoming/") or expected[name] == body
        code, shown = scrapy(*command)
    assert code == 0, shown
    assert len(expected) > 70
    assert kept(torn) == expected
    rows = stored(torn)
    assert rows == stored(whole)
    assert set(rows.values()) == set(expected)


def _count(folder: Path) -> int:
    return sum(1 for _ in folder.glob("files/??/*"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("save", "said"),
    [
        ("pdff", "-a save: 'pdff' is neither an extension such as pdf nor a media type"),
        ("pdf", "FILES_URL"),
    ],
)
def test_a_wrong_argument_or_folder_is_an_error_before_anything_is_fetched(
    tmp_path: Path, save: str, said: str
) -> None:
    (tmp_path / "file").write_text("")
    log = tmp_path / "job.log"
    run = words("http://127.0.0.1:9/", tmp_path, save, "file")
    code, shown = scrapy(*run, "-s", f"LOG_FILE={log}")
    assert code == 2
    assert said in shown
    assert said in log.read_text()  # which scrapyd shows, and not standard error
    assert "Traceback" not in shown
