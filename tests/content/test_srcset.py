"""The largest image of a srcset is found, however it is written."""

from __future__ import annotations

import pytest

from crawlproj.content.srcset import largest_in


@pytest.mark.parametrize(
    ("srcset", "largest"),
    [
        ("a.jpg", "a.jpg"),
        ("a.jpg 1x, b.jpg 2x", "b.jpg"),
        ("a.jpg, b.jpg 1.5x", "b.jpg"),
        ("a.jpg 640w,b.jpg 1280w , c.jpg 320w", "b.jpg"),
        ("\n a.jpg 1280w 600h,\n b.jpg 640w\n", "a.jpg"),
        ("a.jpg 1x, b.jpg 1x", "a.jpg"),
        ("/w_100,h_50/a.jpg 100w, /w_200,h_99/a.jpg 200w", "/w_200,h_99/a.jpg"),
        ("data:image/png;base64,AAAA 1x, b.jpg 2x", "b.jpg"),
        ("a.jpg wide, b.jpg -3x", "a.jpg"),
        ("a.jpg nan, b.jpg 2x", "b.jpg"),
        (",,, a.jpg,,", "a.jpg"),
        ("", None),
        (" , ", None),
    ],
)
def test_the_largest_image_is_found(srcset: str, largest: str | None) -> None:
    assert largest_in(srcset) == largest
