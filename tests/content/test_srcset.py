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
        ("a.jpg wide, b.jpg -3x", None),
        ("a.jpg nanw, b.jpg Infinityw, c.jpg 1x", "c.jpg"),
        ("a.jpg -0x, b.jpg .5e1x, c.jpg 1.x", "b.jpg"),
        (",,, a.jpg,,", "a.jpg"),
        ("", None),
        (" , ", None),
    ],
)
def test_the_largest_image_is_found(srcset: str, largest: str | None) -> None:
    assert largest_in(srcset) == largest


@pytest.mark.parametrize(
    "descriptors",
    # From Web Platform Tests, parse-a-srcset-attribute.html.
    [
        *("foo 1x", "1x foo", "1x 1x", "1w 1x", "1h", "1h 1h", "1h 1w 1h", "0w", "-1w", "1w 0h"),
        *("1.0w", "1e0w", "1www", "+1w", "1W", "Infinityw", "0x1w", "1\xa0w", "\u20001w", "1\x0bw"),
        *("-1x", "-x", ".x", "1.x", "+1x", "1X", "1e1.5x", "NaNx", "(", "( , b 1x", "()"),
    ],
)
def test_an_image_with_a_wrong_size_does_not_count(descriptors: str) -> None:
    assert largest_in(f"a {descriptors}") is None


@pytest.mark.parametrize(
    ("srcset", "largest"),
    [
        ("a ( , b 1x, ), c", "c"),
        ("a ((( , b 1x, ), c", "c"),
        ("a [ , b 1x, ], c", "b"),
        ("a, b (", "a"),
        ("a 1h 1w", "a"),
        ("a 1w\t1h ,b", "a"),
        ("\x0ba", "\x0ba"),
    ],
)
def test_commas_in_parentheses_end_no_image(srcset: str, largest: str) -> None:
    assert largest_in(srcset) == largest
