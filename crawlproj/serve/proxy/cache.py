"""Answers that are kept for as long as their query says. Pure."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

_MAX_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """The body of an answer, where it came from, and a tag that changes with the body."""

    body: bytes
    lane: str
    tag: str = field(init=False)

    def __post_init__(self) -> None:
        digest = blake2b(self.body, digest_size=16).hexdigest()
        object.__setattr__(self, "tag", f'"{digest}"')

    def is_one_of(self, if_none_match: str) -> bool:
        """Return whether a client with the header If-None-Match has this body already."""
        given = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
        return "*" in given or self.tag in given


class AnswerCache:
    """Keeps up to 64 MB of answers; those used last are forgotten last. clock: seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._answers: OrderedDict[Hashable, tuple[float, Answer]] = OrderedDict()
        self._bytes = 0

    def get(self, key: Hashable) -> tuple[Answer, float] | None:
        """Return an answer and for how many seconds it is good still; None if there is none."""
        found = self._answers.get(key)
        if found is None:
            return None
        until, answer = found
        left_s = until - self._clock()
        if left_s <= 0:
            self._forget(key)
            return None
        self._answers.move_to_end(key)
        return answer, left_s

    def put(self, key: Hashable, answer: Answer, seconds: float) -> None:
        """Keep an answer for so long."""
        self._forget(key)
        if seconds <= 0 or len(answer.body) > _MAX_BYTES // 4:
            return
        self._answers[key] = (self._clock() + seconds, answer)
        self._bytes += len(answer.body)
        while self._bytes > _MAX_BYTES:
            self._forget(next(iter(self._answers)))

    def _forget(self, key: Hashable) -> None:
        found = self._answers.pop(key, None)
        if found is not None:
            self._bytes -= len(found[1].body)
