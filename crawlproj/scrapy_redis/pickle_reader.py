"""Reads pickles of plain values without running any code.

A pickle is a program. Pickles of str, bytes, numbers, None, lists, tuples, dicts and sets need only
opcodes that build such values. Everything else that a pickle can do starts from a *global*: a
function or class that it names. So globals are refused, and so is every opcode not listed here.

One global is understood without being looked up: lxml's subclass of str, which Scrapy's link
extractor puts into ``meta["link_text"]``. It is read as a plain str.
"""

from __future__ import annotations

import io
import pickle
import pickletools

from crawlproj.errors import CrawlprojError

_TEXTS = frozenset({("lxml.etree", "_ElementUnicodeResult")})
_PLAIN = frozenset(
    {
        "PROTO", "FRAME", "STOP", "MARK", "POP", "POP_MARK", "DUP", "NONE", "NEWTRUE", "NEWFALSE",
        "INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT",
        "STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "BINUNICODE", "SHORT_BINUNICODE",
        "BINUNICODE8", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8", "EMPTY_LIST",
        "LIST", "APPEND", "APPENDS", "EMPTY_TUPLE", "TUPLE", "TUPLE1", "TUPLE2", "TUPLE3",
        "EMPTY_DICT", "DICT", "SETITEM", "SETITEMS", "EMPTY_SET", "ADDITEMS", "FROZENSET",
        "GET", "BINGET", "LONG_BINGET", "PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE",
        "GLOBAL", "STACK_GLOBAL",  # find_class() checks the names
        "NEWOBJ", "REDUCE", "BUILD",  # only act on such globals
    }
)  # fmt: skip
_MEMO_INDEX = frozenset({"PUT", "BINPUT", "LONG_BINPUT"})
_MAX_VALUES, _MAX_TEXT = 100_000, 64 * 1024 * 1024


class NotPlain(CrawlprojError):
    """The data is not a pickle of plain values; the message says why."""


class _Text(str):
    """Replaces a subclass of str."""

    __slots__ = ()

    def __new__(cls, text: str) -> _Text:
        if not isinstance(text, str):
            raise NotPlain(f"the pickle makes text from a value of type {type(text).__name__}")
        return super().__new__(cls, text)

    def __setstate__(self, state: object) -> None:
        """Ignore the state: the text's place in its document."""


class _Unpickler(pickle.Unpickler):
    def find_class(self, module_name: str, global_name: str, /) -> object:
        if (module_name, global_name) in _TEXTS:
            return _Text
        raise NotPlain(f"the pickle needs {module_name}.{global_name}, which is code")


def loads(data: bytes) -> object:
    """Return the value pickled in ``data``; raises NotPlain."""
    try:
        _scan(data)
        value: object = _Unpickler(io.BytesIO(data)).load()
    except NotPlain:
        raise
    except Exception as exc:  # noqa: BLE001 - a malformed pickle may raise anything
        raise NotPlain(f"the pickle is malformed: {type(exc).__name__}: {exc}") from None
    _check_size(value)
    return value


def _scan(data: bytes) -> None:
    for opcode, argument, _ in pickletools.genops(data):
        if opcode.name not in _PLAIN:
            raise NotPlain(f"the pickle uses the opcode {opcode.name}, which may run code")
        # The memo is an array: a few bytes could make it exhaust the memory.
        if opcode.name in _MEMO_INDEX and (argument or 0) > len(data):
            raise NotPlain("the pickle numbers more values than it can contain")


def _check_size(value: object) -> None:
    """Refuse a value that contains itself, or repeats parts so often that it is huge as text."""
    left, text = [value], 0
    for _ in range(_MAX_VALUES):
        if not left or text > _MAX_TEXT:
            break
        match left.pop():
            case dict() as part:
                left += [*part.keys(), *part.values()]
            case list() | tuple() | set() | frozenset() as part:
                left += part
            case str() | bytes() | bytearray() as part:
                text += len(part)
            case _:
                pass
    if left:
        raise NotPlain(
            f"the pickle contains itself, or more than {_MAX_VALUES:,} values or 64 MiB of text"
        )
