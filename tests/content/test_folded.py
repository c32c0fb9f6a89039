"""White space is collapsed the same way in long texts, which are folded piece by piece."""

from __future__ import annotations

import pytest

from crawlproj.content.folded import folded


@pytest.mark.parametrize("text", ["a \n\tb", "word \xa0" * 60_000, " " * 300_000, "x" * 300_000])
def test_words_are_one_space_apart_however_long_the_text_is(text: str) -> None:
    assert folded(text) == " ".join(text.split())
