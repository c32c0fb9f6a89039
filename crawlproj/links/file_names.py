"""Learns where URLs that end like files are pages, such as /wiki/Map.png. Pure."""

from __future__ import annotations

from collections import Counter, OrderedDict
from typing import TYPE_CHECKING

from scrapy.linkextractors import IGNORED_EXTENSIONS

from crawlproj.bounded import put
from crawlproj.links.filters import extension_in
from crawlproj.links.shapes import shapes_of

if TYPE_CHECKING:
    from collections.abc import Callable

# Nobody asks for these to find out: they are large, and some are made for each request.
_BUNDLES = frozenset(
    (
        *("7z", "7zip", "rar", "tar", "tar.bz2", "tar.gz", "tar.xz", "tar.zst", "zip"),
        *("apk", "bin", "cpl", "dmg", "exe", "iso", "jar", "msi", "msix", "msp", "ova", "qcow2"),
        *("aar", "crx", "deb", "ear", "gem", "ipa", "nupkg", "rpm", "tgz", "txz", "udeb", "vhd"),
        *("vhdx", "vmdk", "vsix", "war", "whl", "xpi"),
    )
)
# Data, fonts, media and single files that are compressed, such as the manual of a program: some
# servers show what is in them. Where one list links to its data, all others do.
_NEWER = frozenset(
    (
        *("atom", "csv", "geojson", "ics", "json", "jsonl", "tsv", "vcf"),
        *("parquet", "pcap", "rtf", "sqlite", "torrent"),
        *("avif", "epub", "flac", "heic", "heif", "jxl", "mka", "mkv", "mobi", "mpeg", "oga"),
        *("ogv", "opus", "djvu"),
        *("eot", "otf", "ttc", "ttf", "wasm", "woff", "woff2"),
        *("bz2", "cab", "gz", "img", "lz", "lz4", "lzma", "xz", "zst"),
    )
)
_NAMES = {*IGNORED_EXTENSIONS, *_BUNDLES, *_NEWER}
_FILES = 3  # of a directory and extension without a page among them
_FILES_OF_A_SITE = 30
_MAX_PLACES = 20_000


class FileNames:
    """Knows of URLs whose extension is one of files what they led to.

    The extensions are Scrapy's IGNORED_EXTENSIONS, those of data and packages, and newer ones.

    Wikis, code browsers and lists of packages have pages with such names. So the first ones of each
    directory and extension are asked for, until three turned out to be files and none a page. Of
    the first three directories of a path, the innermost of which enough is known decides. Files at
    the root of a host are not asked for, and after thirty files a site is asked only where it has
    such pages.

    is_chosen: whether the user wants the files of an extension, such as ".pdf"; those count as
        pages.
    """

    def __init__(self, is_chosen: Callable[[str], bool] = lambda _: False) -> None:
        self._extensions = frozenset(
            extension for extension in (f".{name}" for name in _NAMES) if not is_chosen(extension)
        )
        # By directory and extension: pages, and files.
        self._found: OrderedDict[str, tuple[int, int]] = OrderedDict()
        self._files: Counter[str] = Counter()  # by host

    def has(self, url: str) -> bool:
        """Whether ``url`` ends like a file that nobody wants."""
        return extension_in(url, self._extensions) != ""

    def asks(self, url: str) -> bool:
        """Whether ``url``, in normal form, is worth a request."""
        extension = extension_in(url, self._extensions)
        if not extension:
            return True
        if extension[1:] in _BUNDLES:
            return False
        places, host = _places(url, extension)
        for place in places:
            pages, files = self._found.get(place, (0, 0))
            if files >= _FILES * (1 + pages):
                return False
            if pages:
                return True
        return bool(places) and self._files[host] < _FILES_OF_A_SITE

    def learn(self, url: str, *, is_page: bool) -> None:
        """Take in what ``url``, which ends like a file, led to."""
        places, host = _places(url, extension_in(url, self._extensions))
        for place in places:
            pages, files = self._found.get(place, (0, 0))
            put(self._found, place, (pages + is_page, files + (not is_page)), _MAX_PLACES)
        self._files[host] += not is_page


def _places(url: str, extension: str) -> tuple[list[str], str]:
    """Return the directories of ``url`` with its extension, the innermost first, and its host."""
    shapes = shapes_of(url)
    return [f"{each}{extension}" for each in shapes.below], shapes.host
