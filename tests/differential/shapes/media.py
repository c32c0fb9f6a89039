"""Files and images of items, and pipelines of their own kind that fetch."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from scrapy import Request
from scrapy.exceptions import DropItem
from scrapy.pipelines.files import FilesPipeline
from scrapy.pipelines.images import ImagesPipeline
from scrapy.pipelines.media import MediaPipeline
from twisted.internet.threads import deferToThread

from tests.differential.shapes.data import NamedFiles
from tests.differential.shapes.shape import Shape

if TYPE_CHECKING:
    from scrapy.http import Response

FAILING = ("status/404", "status/500", "close/1", "redirect/1?to=/elsewhere")


def name_of(url: str) -> str:
    """Return the part of a URL that has no port, which differs."""
    return url.rpartition("/")[2].partition(",")[0]


class NamedImages(ImagesPipeline):
    def file_path(self, request: Request, *args: Any, **kwargs: Any) -> str:
        return f"{name_of(request.url)}.jpg"

    def thumb_path(self, request: Request, thumb_id: str, *args: Any, **kwargs: Any) -> str:
        return f"{thumb_id}-{name_of(request.url)}.jpg"


class Images(Shape):
    custom_settings = {
        "ITEM_PIPELINES": {NamedImages: 1},
        "IMAGES_STORE": "images/kept",
        "IMAGES_THUMBS": {"small": (1, 1), "big": (9, 9)},
    }
    pages = ("page/1", "page/2")

    def parse(self, response: Response) -> Any:
        names = ("file/1.png", "file/2.png", "file/2.png", "file/no-image.bin", *FAILING)
        yield {"page": response.url, "image_urls": [self.url(name) for name in names]}
        yield {"page": response.url, "image_urls": [self.url("file/2.png")]}
        yield {"page": response.url, "image_urls": []}


class SmallImages(Shape):
    custom_settings = {
        "ITEM_PIPELINES": {NamedImages: 1},
        "IMAGES_STORE": "smallimages/kept",
        "IMAGES_MIN_WIDTH": 10,
    }
    pages = ("page/1",)

    def parse(self, response: Response) -> Any:
        return {"image_urls": [self.url("file/1.png")]}


class RedirectedFiles(Shape):
    custom_settings = {
        "ITEM_PIPELINES": {NamedFiles: 1},
        "FILES_STORE": "redirectedfiles/kept",
        "MEDIA_ALLOW_REDIRECTS": True,
    }
    pages = ("page/1", "page/2")

    def parse(self, response: Response) -> Any:
        last = f"/{self.name}/file/last.bin"
        names = (
            f"redirect/one?to={last},1",
            f"redirect/two?to=/{self.name}/redirect/three?to={last},2",
            "redirect/four?code=308&to=/nowhere/status/404",
        )
        yield {"file_urls": [self.url(name) for name in names]}


class KnownFiles(Shape):
    """Files that are in the store: one is fresh, one has expired."""

    custom_settings = {
        "ITEM_PIPELINES": {NamedFiles: 1},
        "FILES_STORE": "knownfiles/kept",
        "FILES_EXPIRES": 1,
    }
    pages = ("page/1",)

    def parse(self, response: Response) -> Any:
        folder = Path("knownfiles/kept")
        folder.mkdir(parents=True, exist_ok=True)
        for name, age_days in (("fresh.bin", 0), ("old.bin", 3)):
            (folder / name).write_text("known")
            at = time.time() - age_days * 86400
            os.utime(folder / name, (at, at))
        names = ("file/fresh.bin", "file/old.bin", "file/new.bin")
        return {"file_urls": [self.url(name) for name in names]}


class ChosenFiles(FilesPipeline):
    """Makes requests of its own kind, names files by the response, and drops what has none."""

    def get_media_requests(self, item: Any, info: Any) -> list[Request]:
        said: dict[str, Any] = {"method": "POST", "body": b"please", "headers": {"X-Test": "media"}}
        meta = {"of": item["title"], "max_retry_times": 0}
        return [
            Request(url, **said, priority=5, meta=dict(meta), cookies={"a": "1"})
            for url in item["file_urls"]
        ]

    def file_path(
        self, request: Request, response: Any = None, info: Any = None, *, item: Any = None
    ) -> str:
        kind = "" if response is None else response.headers["Content-Type"].decode()
        return f"{request.meta['of']}-{item['title']}-{name_of(request.url)}.{kind[-3:]}"

    def item_completed(self, results: Any, item: Any, info: Any) -> Any:
        item["kept"] = [result["path"] for fine, result in results if fine]
        item["failed"] = sorted(type(why.value).__name__ for fine, why in results if not fine)
        if not item["kept"]:
            raise DropItem("without a file")
        return item


class Choosing(Shape):
    custom_settings = {"ITEM_PIPELINES": {ChosenFiles: 1}, "FILES_STORE": "choosing/kept"}
    pages = ("page/1",)

    def parse(self, response: Response) -> Any:
        for title, names in (("a", ("echo/1", *FAILING)), ("b", ("echo/2",)), ("c", FAILING)):
            yield {"title": title, "file_urls": [self.url(name) for name in names]}


class Measuring(MediaPipeline):
    """Keeps nothing; knows some answers without asking."""

    def get_media_requests(self, item: Any, info: Any) -> list[Request]:
        return [Request(url) for url in item["urls"]]

    def file_path(self, request: Request, *args: Any, **kwargs: Any) -> str:
        return name_of(request.url)

    def media_to_download(self, request: Request, info: Any, *, item: Any = None) -> Any:
        return {"known": True} if "known" in request.url else None

    def media_downloaded(
        self, response: Response, request: Request, info: Any, *, item: Any = None
    ) -> Any:
        return {"bytes": len(response.body), "status": response.status, "flags": response.flags}

    def media_failed(self, failure: Any, request: Request, info: Any) -> Any:
        raise ValueError(f"no {name_of(request.url)}") from failure.value

    def item_completed(self, results: Any, item: Any, info: Any) -> Any:
        item["measured"] = [result if fine else str(result.value) for fine, result in results]
        return item


class OwnMedia(Shape):
    custom_settings = {"ITEM_PIPELINES": {Measuring: 1}}
    pages = ("page/1", "page/2")

    def parse(self, response: Response) -> Any:
        names = ("page/known", "gzip/1", "gzip/1", "page/3", *FAILING)
        return {"urls": [self.url(name) for name in names]}


class MemoryStore:
    """Keeps files as a store behind a network does: in threads, with what it knows of them."""

    kept: ClassVar[dict[str, bytes]] = {}

    def __init__(self, uri: str) -> None:
        self.uri = uri

    def persist_file(
        self, path: str, buf: Any, info: Any, meta: Any = None, headers: Any = None
    ) -> Any:
        return deferToThread(self.kept.__setitem__, path, buf.getvalue())

    def stat_file(self, path: str, info: Any) -> Any:
        return deferToThread(self._stat, path)

    def _stat(self, path: str) -> dict[str, Any]:
        if path == "broken.bin":
            raise OSError("the store is away")
        if path not in self.kept:
            return {}
        checksum = hashlib.md5(self.kept[path]).hexdigest()  # noqa: S324 - as Scrapy's
        return {"last_modified": time.time(), "checksum": checksum}


class RemoteFiles(NamedFiles):
    STORE_SCHEMES: ClassVar[dict[str, Any]] = {**FilesPipeline.STORE_SCHEMES, "memory": MemoryStore}


class StoredElsewhere(Shape):
    custom_settings = {"ITEM_PIPELINES": {RemoteFiles: 1}, "FILES_STORE": "memory://bucket/"}
    pages = ("page/1", "page/2")

    def parse(self, response: Response) -> Any:
        MemoryStore.kept["known.bin"] = b"known"
        names = ("file/known.bin", "file/1.bin", "file/broken.bin", "file/1.bin,again")
        return {"file_urls": [self.url(name) for name in names]}
