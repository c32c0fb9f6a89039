"""Finds the user's code in a call stack that is mostly Scrapy's, Twisted's and this project's."""

from __future__ import annotations

import linecache
import sysconfig
from enum import Enum
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType

_INFRASTRUCTURE = frozenset({"asyncio", "crawlproj", "pydispatch", "scrapy", "twisted", "uvloop"})
# Folders of this project that hold the user's own code.
_USER_CODE = ("crawlproj.spiders.", "crawlproj.pipelines.")
_PACKAGES = tuple({sysconfig.get_path("purelib"), sysconfig.get_path("platlib")})
_STDLIB = (sysconfig.get_path("stdlib"), "<frozen ")
_MAX_FRAMES = 12


class Kind(Enum):
    """Whose code a frame runs."""

    INFRASTRUCTURE = "Scrapy, Twisted, this project, Python itself"
    LIBRARY = "an installed package"
    USER = "the user's own"


def kind_of(frame: FrameType) -> Kind:
    """Return whose code ``frame`` runs."""
    module: str = frame.f_globals.get("__name__", "")
    if module.partition(".")[0] in _INFRASTRUCTURE:
        return Kind.USER if module.startswith(_USER_CODE) else Kind.INFRASTRUCTURE
    file = frame.f_code.co_filename
    if file.startswith(_PACKAGES):  # often inside the standard library's folder, so check it first
        return Kind.LIBRARY
    return Kind.INFRASTRUCTURE if file.startswith(_STDLIB) else Kind.USER


def depth_of(frame: FrameType | None) -> int:
    """Return the number of frames from ``frame`` outwards, itself included."""
    depth = 0
    while frame is not None:
        depth, frame = depth + 1, frame.f_back
    return depth


def stack_of(frame: FrameType | None, depth: int = 0) -> list[FrameType]:
    """Return the frames from the outermost to ``frame``, without the ``depth`` outermost ones."""
    frames: list[FrameType] = []
    while frame is not None:
        frames.append(frame)
        frame = frame.f_back
    return frames[::-1][depth:]


def culprit_of(frames: list[FrameType]) -> FrameType | None:
    """Return the frame to blame: where the infrastructure last called the user's code.

    For a callback that runs inside the user's middleware, this is the callback. Without user code
    on the stack, it is the outermost frame of an installed package, or else the outermost frame.
    """
    kinds = [kind_of(frame) for frame in frames]
    entries = [
        frame
        for frame, (before, kind) in zip(
            frames, pairwise([Kind.INFRASTRUCTURE, *kinds]), strict=True
        )
        if kind is Kind.USER and before is Kind.INFRASTRUCTURE
    ]
    if entries:
        return entries[-1]
    libraries = [frame for frame, kind in zip(frames, kinds, strict=True) if kind is Kind.LIBRARY]
    return next(iter(libraries or frames), None)


def url_in(frames: list[FrameType]) -> str:
    """Return the URL of the response or request that the infrastructure handles, or ""."""
    for frame in reversed(frames):
        if kind_of(frame) is not Kind.INFRASTRUCTURE:
            continue
        for name in ("response", "request"):
            # f_locals copies all local variables, so check first whether one is of use.
            if name in frame.f_code.co_varnames or name in frame.f_code.co_freevars:
                url = getattr(frame.f_locals.get(name), "url", None)
                if isinstance(url, str):
                    return url
    return ""


def shown(frames: list[FrameType]) -> str:
    """Return the stack as text, latest call last, with ">" before the user's own lines.

    Leaves out the infrastructure, except the innermost frame: what runs at the moment.
    """
    kept = [frame for frame in frames[:-1] if kind_of(frame) is not Kind.INFRASTRUCTURE]
    lines = []
    for frame in [*kept, *frames[-1:]][-_MAX_FRAMES:]:
        code, number = frame.f_code, frame.f_lineno or 0
        mark = ">" if kind_of(frame) is Kind.USER else " "
        lines.append(f'{mark} File "{code.co_filename}", line {number}, in {code.co_qualname}')
        if source := linecache.getline(code.co_filename, number, frame.f_globals).strip():
            lines.append(f"{mark}   {source}")
    return "\n".join(lines)
