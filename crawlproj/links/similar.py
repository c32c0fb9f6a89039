"""Tells whether nearly the same text was there before."""

from __future__ import annotations

import re
from collections import OrderedDict

from rensa import RMinHash, RMinHashLSH

_PERMUTATIONS, _BANDS = 64, 8  # of 9 texts in 10 that share 90 % of their words, one band is equal
_SEED = 1
_UNSPACED_END = 50_000  # letters whose pairs are compared: these take 40 ms
_MAX_TEXTS = 5_000  # that are remembered, 5 MB of them
# Letters of languages without spaces: Thai, Lao, Burmese, Khmer, Japanese, Chinese.
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]+")


class SimilarTexts:
    """Remembers the words of the latest 5,000 texts, as MinHash signatures.

    share: of the different words of two texts together, how many both must have to be similar.
    """

    def __init__(self, share: float) -> None:
        self._share = share
        self._index = RMinHashLSH(share, _PERMUTATIONS, _BANDS)
        self._signatures: OrderedDict[int, RMinHash] = OrderedDict()  # oldest first
        self._added = 0

    def add(self, text: str) -> bool:
        """Remember ``text``; return whether it is similar to an earlier one."""
        words = _words(text)  # one that comes twice changes nothing
        if not words:
            return False
        signature = RMinHash(_PERMUTATIONS, _SEED)
        signature.update(words)
        for key in self._index.query(signature):
            known = self._signatures.get(key)
            if known is not None and signature.jaccard(known) >= self._share:
                return True
        self._added += 1
        self._index.insert(self._added, signature)
        self._signatures[self._added] = signature
        if len(self._signatures) > _MAX_TEXTS:
            oldest, _ = self._signatures.popitem(last=False)
            self._index.remove(oldest)
        return False


def _words(text: str) -> list[str]:
    """Return the words of a text; pairs of letters where no spaces show what a word is."""
    words = text.split()
    if text.isascii():
        return words
    pairs = {
        run[start : start + 2]
        for run in _UNSPACED.findall(text[:_UNSPACED_END])
        for start in range(max(1, len(run) - 1))
    }
    return [*(word for word in words if _UNSPACED.search(word) is None), *pairs]
