"""Which media types a crawl wants, by the names that people give them. Pure."""

from __future__ import annotations

import re
from functools import cache
from mimetypes import MimeTypes
from typing import TYPE_CHECKING

from crawlproj.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable

_OFFICE = "application/vnd.openxmlformats-officedocument."
_OPEN = "application/vnd.oasis.opendocument."
# Types that Python's table lacks on some systems, and names for several types.
_NAMED = {
    "html": ("text/html", "application/xhtml+xml"),
    "xml": ("text/xml", "application/xml", "*+xml"),
    "text": ("text/*",),
    "image": ("image/*",),
    "images": ("image/*",),
    "audio": ("audio/*",),
    "video": ("video/*",),
    "docx": (f"{_OFFICE}wordprocessingml.document",),
    "xlsx": (f"{_OFFICE}spreadsheetml.sheet",),
    "pptx": (f"{_OFFICE}presentationml.presentation",),
    "odt": (f"{_OPEN}text",),
    "ods": (f"{_OPEN}spreadsheet",),
    "odp": (f"{_OPEN}presentation",),
    "epub": ("application/epub+zip",),
    "webp": ("image/webp",),
    "atom": ("application/atom+xml",),
    "ics": ("text/calendar",),
    "geojson": ("application/geo+json",),
    "jsonl": ("application/jsonl",),
    "ttf": ("font/ttf",),
    "otf": ("font/otf",),
    "woff": ("font/woff",),
    "woff2": ("font/woff2",),
    "flac": ("audio/flac",),
    "mkv": ("video/x-matroska",),
    "gz": ("application/gzip",),
    "tgz": ("application/gzip",),
    "zst": ("application/zstd",),
    "deb": ("application/vnd.debian.binary-package",),
    "rpm": ("application/x-rpm",),
    "whl": ("application/x-wheel+zip",),
    "gem": ("application/x-gem",),
}
_EMBEDDED = ("image/", "audio/", "video/")
_MEDIA_TYPE = re.compile(r"[a-z0-9][\w.+-]*/(?:[a-z0-9][\w.+-]*|\*)")
# Labels that say nothing, so the URL's extension decides.
_UNLABELLED = frozenset({"", "application/octet-stream", "binary/octet-stream"})


class ChosenTypes:
    """Media types, given as names ("html", "pdf"), types ("application/pdf") or "image/*".

    embedded: whether they are, among others, of what pages embed: images, sound or video.

    Raises ValueError for an unknown name, with the nearest right one.
    """

    def __init__(self, names: Iterable[str]) -> None:
        types = {essence for name in names for essence in _types_of(name.lower())}
        self._exact = frozenset(essence for essence in types if "*" not in essence)
        self._prefixes = tuple(each[:-1] for each in types if each.endswith("/*"))
        self.embedded = any(essence.startswith(_EMBEDDED) for essence in types)
        self._suffixes = tuple(each[1:] for each in types if each.startswith("*+"))

    def allow(self, essence: str, url: str) -> bool:
        """Whether a response with this label is wanted.

        essence: such as "text/html"; "" if there is none.
        url: decides if the label says nothing; without an extension, it is taken for a page.
        """
        if essence in _UNLABELLED:
            essence = _type_in(url) or "text/html"
        return (
            essence in self._exact
            or essence.startswith(self._prefixes)
            or essence.endswith(self._suffixes)
        )

    def allow_extension(self, extension: str) -> bool:
        """Whether files whose names end in ``extension``, such as ".pdf", may be wanted."""
        essence = _by_extension().get(extension.rpartition(".")[2].lower())
        return essence is not None and self.allow(essence, "")


def extension_of(essence: str, url: str) -> str:
    """Return the extension, with its dot, of a file with this label; "" if the type is unknown."""
    if essence in _UNLABELLED:
        essence = _type_in(url)
    if (usual := _usual().guess_extension(essence)) is not None:
        return usual
    return next((f".{name}" for name, each in _by_extension().items() if each == essence), "")


def _type_in(url: str) -> str:
    """Return the media type that the extension of a URL stands for; "" if it has none."""
    name = url.partition("?")[0].rpartition("/")[2]
    return _by_extension().get(name.rpartition(".")[2].lower(), "") if "." in name else ""


def _types_of(name: str) -> tuple[str, ...]:
    if name in _NAMED:
        return _NAMED[name]
    if name in _by_extension():
        return (_by_extension()[name],)
    if _MEDIA_TYPE.fullmatch(name):
        return (name,)
    meant = did_you_mean(name, (*_NAMED, "pdf", "json", "csv"))
    raise ValueError(f"{name!r} is neither an extension such as pdf nor a media type{meant}")


@cache
def _usual() -> MimeTypes:
    """Python's own table, which is the same on every machine."""
    return MimeTypes()


@cache
def _by_extension() -> dict[str, str]:
    """Return media types by extension, without a dot; the same on every system."""
    table = {name[1:]: essence for name, essence in _usual().types_map[True].items()}
    return table | {name: types[0] for name, types in _NAMED.items() if "*" not in types[0]}
