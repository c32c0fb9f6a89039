"""Check the built site: ``python docs/check_site.py build/docs``.

Every page must be in the navigation of the first, every link inside the site must lead to a page
and a place that exist, and no page or style sheet may load anything from elsewhere.
"""

from __future__ import annotations

import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

# Style sheets and scripts load by these; a link that a reader follows is not loaded.
_LOADING = {
    "script": "src", "img": "src", "iframe": "src", "source": "src", "video": "src",
    "audio": "src", "embed": "src", "object": "data", "link": "href", "use": "href",
}  # fmt: skip
_IN_CSS = re.compile(r"""(?:url\(\s*|@import\s+)["']?((?:https?:)?//[^"')\s]+)""")
_NOT_LOADED = frozenset({"next", "prev", "canonical", "search", "index"})


class _Page(HTMLParser):
    """The links, files and anchors of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.navigation: list[str] = []
        self.loads: list[str] = []
        self.ids: set[str] = set()
        self._in_navigation = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.ids.add(found.get("id", ""))
        if tag == "nav" and "bd-docs-nav" in found.get("class", "").split():
            self._in_navigation = True
        if tag == "a" and "href" in found:
            self.links.append(found["href"])
            if self._in_navigation:
                self.navigation.append(found["href"])
        address = found.get(_LOADING.get(tag, ""), "")
        if address and not (tag == "link" and found.get("rel") in _NOT_LOADED):
            self.loads.append(address)
        self.loads += _IN_CSS.findall(found.get("style", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "nav":
            self._in_navigation = False


def problems(site: Path) -> list[str]:
    """Return what is wrong with the site, a line each."""
    pages = {path: _Page(path.read_text()) for path in _pages(site)}
    first = site / "index.html"
    if first not in pages:
        return [f"{first} is missing"]
    found = []
    reachable = {first, *(_target(first, link) for link in pages[first].navigation)}
    for path, page in pages.items():
        name = path.relative_to(site)
        if path not in reachable and name.name not in {"search.html", "genindex.html"}:
            found.append(f"{name}: is not in the navigation")
        found += [f"{name}: loads {each}" for each in page.loads if _is_elsewhere(each)]
        for link in page.links:
            if _is_elsewhere(link) or urlsplit(link).scheme:
                continue
            target = _target(path, link)
            fragment = unquote(urlsplit(link).fragment)
            if not target.exists():
                found.append(f"{name}: links to {link}, which is missing")
            elif fragment and target in pages and fragment not in pages[target].ids:
                found.append(f"{name}: links to {link}, which has no such place")
    for path in sorted(site.rglob("*.css")):
        for address in _IN_CSS.findall(path.read_text()):
            found.append(f"{path.relative_to(site)}: loads {address}")
    return found


def _pages(site: Path) -> list[Path]:
    return [path for path in sorted(site.rglob("*.html")) if "_static" not in path.parts]


def _is_elsewhere(address: str) -> bool:
    return bool(urlsplit(address).netloc)


def _target(page: Path, link: str) -> Path:
    path = unquote(urlsplit(link).path)
    return (page.parent / path).resolve() if path else page


def main() -> None:
    """Print what is wrong; exit status 1 if there is anything."""
    site = Path(sys.argv[1]).resolve()
    found = problems(site)
    if found:
        sys.exit("\n".join(found))
    count = len(list(site.rglob("*.html")))
    sys.stdout.write(
        f"{count} pages: links are whole, all are in the navigation, nothing is remote\n"
    )


if __name__ == "__main__":
    main()
