"""Tells whether nearly the same text was there before."""

from __future__ import annotations

from collections import OrderedDict

from rensa import RMinHash, RMinHashLSH

_PERMUTATIONS, _BANDS = 64, 8  # of 9 texts in 10 that share 90 % of their words, one band is equal
_SEED = 1
_MAX_TEXTS = 5_000  # that are remembered, 5 MB of them


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
        words = text.split()  # a word that comes twice changes nothing
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
