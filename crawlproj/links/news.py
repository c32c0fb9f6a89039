"""Tells what pages have that no page had before. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

from crawlproj.links.shapes import has_year, is_counted, tokens

if TYPE_CHECKING:
    from collections.abc import Iterable

_REMEMBERED = 100_000  # lines, words, …
_BEGINNING, _END = 4_000, 200_000  # characters of a page's text
# Lines that only put known words together in a new way, such as "Monday, 3 November", are not new
# if there are so few of them.
_FEW_LINES, _FEW_OF = 3, 10
_DIGITS = b"0123456789"
_NUMBER = re.compile(r"(?<![\w.,])[0-9]+(?:[.,][0-9]+)*(?!\w)")
_ABBREVIATED = 7  # characters of a token that a page shows at least
_NO_LETTER = re.compile(r"\W+")
_INTEGER = re.compile(r"[0-9]{1,15}")
# Whole numbers that may be of a date or a time, or count what is near the page's own number.
_DAYS, _YEARS, _NEAR = 60, range(1900, 2200), 60


class Found(NamedTuple):
    """The parts of a page that are new.

    words: a word, or many lines. lines: a line, whatever its digits are. digits: a line. numbers:
    how many lines say the same as earlier ones of its shape, with a number of their own. dates: the
    new lines are all the same as earlier ones but for a date with a year.
    """

    words: bool = False
    lines: bool = False
    digits: bool = False
    numbers: int = 0
    dates: bool = False

    def is_enough(self, url: str, *, leads_on: bool, has_plain: bool) -> bool:
        """Whether so much is new that the page was worth it.

        leads_on: its shape goes on by itself. has_plain: it was fetched without its query.
        """
        if self.words:
            return True
        if leads_on:
            return self.numbers > 1
        if has_plain:
            return self.numbers > 0
        if is_counted(url) and has_year(url):
            return self.lines or self.numbers > 0
        # A short page of a reference may be its name and known words.
        return self.digits

    @property
    def is_same(self) -> bool:
        """Whether not even a digit is new, but for dates."""
        return self.dates or not self.digits


_NOTHING, _MUCH = Found(), Found(words=True, lines=True, digits=True)


class News:
    """The lines and the words of the pages of a crawl, as many as are remembered."""

    def __init__(self) -> None:
        self._exact, self._lines, self._words = Recent(), Recent(), Recent()
        self._labels: dict[bytes, str] = {}  # of lines with numbers: the shape that had it first

    def of(self, text: str, url: str, shape: str, *, counted: bool, leads_on: bool) -> Found:
        """Return what is new in a page. Most often, its beginning shows that already.

        shape: of the page. counted: other digits make no new line. leads_on: its own URL may be all
        that is new in it.
        """
        found = _NOTHING
        for part in (text[:_BEGINNING], text[_BEGINNING:_END]):
            if part and not found.words:
                new = self._of(part, url, shape, counted, leads_on)
                found = Found(
                    new.words,
                    found.lines or new.lines,
                    found.digits or new.digits,
                    found.numbers + new.numbers,
                    (found.dates or not found.digits) and (new.dates or not new.digits),
                )
        return found

    def _of(self, text: str, url: str, shape: str, counted: bool, leads_on: bool) -> Found:
        every = set(text.encode("utf-8", "surrogatepass").split(b"\n"))
        exact = self._exact.add(every)
        if not exact:
            return _NOTHING
        by_line = {line.translate(None, _DIGITS) if counted else line: line for line in exact}
        lines = self._lines.add(by_line) if counted else exact
        words = self._words.add(
            {
                word
                for line in lines
                if not leads_on or line == by_line[line]
                for word in _words(by_line[line])
            }
        )
        if len(lines) > max(_FEW_LINES, len(every) // _FEW_OF):
            return _MUCH
        if leads_on:
            own = unquote(url).lower()
            words = [word for word in words if word.decode("utf-8", "replace").lower() not in own]
        numbers, dates = 0, False
        if counted and not words:
            near = [int(each) for each in _INTEGER.findall(unquote(url))]
            if len(self._labels) > _REMEMBERED:
                self._labels.clear()
            # A line on pages of several shapes, such as how long an answer took, is not news.
            numbers = sum(
                self._labels.setdefault(line.translate(None, _DIGITS), shape) == shape
                and _has_number(line.decode("utf-8", "replace"), near)
                for line in exact
            )
            dates = not lines and all(_is_dated(line, near) for line in exact)
        return Found(bool(words), bool(lines), True, numbers, dates)


class Recent:
    """A bounded set of the values that were added last, as hashes in two generations."""

    def __init__(self, size: int = _REMEMBERED) -> None:
        self._size = size
        self._young: set[int] = set()
        self._old: set[int] = set()

    def add(self, values: Iterable[bytes]) -> list[bytes]:
        """Add ``values``; return those that were not there."""
        by_hash = {hash(value): value for value in values}
        new = [key for key in by_hash if key not in self._young and key not in self._old]
        self._young.update(by_hash)
        if len(self._young) >= self._size:
            self._old, self._young = self._young, set()
        return [by_hash[key] for key in new]

    def put(self, value: str) -> bool:
        """Add ``value``; return whether it was not there."""
        new = not self.has(value)
        self._young.add(hash(value))
        if len(self._young) >= self._size:
            self._old, self._young = self._young, set()
        return new

    def has(self, value: str) -> bool:
        """Whether ``value`` was put here lately."""
        key = hash(value)
        return key in self._young or key in self._old


def without_tokens(text: str, url: str) -> str:
    """Return a text without the tokens of its page's URL, whole or abbreviated.

    A file says at which commit it is shown, and is the same at most of them. So that is not news,
    unless the page leads on: then it is a way to others.
    """
    for token in tokens(url):
        words = set(re.findall(rf"\b{re.escape(token[:_ABBREVIATED])}\w*", text))
        for word in (token, *words):
            if token.startswith(word):
                text = text.replace(word, "")
    return text


def _words(line: bytes) -> Iterable[bytes]:
    """Return the words of a line in UTF-8, in any alphabet."""
    if line.isascii():
        return filter(bytes.isalpha, line.split())
    return (run for word in line.split() for run in _runs(word))


def _runs(word: bytes) -> Iterable[bytes]:
    """Return the words in ``word``: some languages have no spaces between words and signs."""
    if word.isascii():
        return (word,) if word.isalpha() else ()
    runs = _NO_LETTER.split(word.decode("utf-8", "replace"))
    return (run.encode() for run in runs if run.isalpha())


def _has_number(line: str, near: list[int]) -> bool:
    """Whether there is a number that is not of a date, and not near one of ``near``."""
    for number in _NUMBER.findall(line):
        whole, *rest = re.split("[.,]", number)
        if len(rest) == 1:
            return True  # such as 12.30 and 1,000; 29.11.2026 is a date
        if not rest:
            n = int(whole[:15])
            if n > _DAYS and n not in _YEARS and all(abs(n - each) > _NEAR for each in near):
                return True
    return False


def _is_dated(line: bytes, near: list[int]) -> bool:
    """Whether the numbers of a line are those of a date with a year, and none is of ``near``."""
    numbers = [int(each) for each in _INTEGER.findall(line.decode("utf-8", "replace"))]
    return any(n in _YEARS for n in numbers) and all(
        (n <= _DAYS or n in _YEARS) and n not in near for n in numbers
    )
