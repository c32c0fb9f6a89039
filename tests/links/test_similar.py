"""Texts are similar in any script, also in those without spaces between words."""

from __future__ import annotations

import random

import pytest

from crawlproj.links.similar import SimilarTexts

_LETTERS = {
    "Chinese": "".join(map(chr, range(0x4E00, 0x5200))),
    "Japanese": "".join(map(chr, range(0x3041, 0x3096))) + "".join(map(chr, range(0x5200, 0x5400))),
    "Thai": "".join(map(chr, range(0x0E01, 0x0E2F))),
}


def text(language: str, seed: int, towns: str = "") -> str:
    """Return forty sentences without a space, which name a town now and then."""
    dice = random.Random(seed)  # noqa: S311 - the same text each time
    sentences = ("".join(dice.choices(_LETTERS[language], k=120)) for _ in range(40))
    return "\n".join(f"{sentence[:20]}{towns}{sentence[20:]}" for sentence in sentences)


@pytest.mark.parametrize("language", _LETTERS)
def test_a_text_with_another_name_in_each_sentence_is_similar(language: str) -> None:
    letters = _LETTERS[language]
    texts = SimilarTexts(0.9)
    assert not texts.add(text(language, 1, letters[:2]))
    assert texts.add(text(language, 1, letters[4:6]))


@pytest.mark.parametrize("language", ["Chinese", "Japanese"])
def test_another_text_in_the_same_letters_is_not(language: str) -> None:
    texts = SimilarTexts(0.9)
    for seed in range(20):
        assert not texts.add(text(language, seed))
