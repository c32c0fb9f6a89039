"""What <meta http-equiv=refresh>, and the header Refresh, ask for. Pure.

Source: HTML Standard, "shared declarative refresh steps".
"""

from __future__ import annotations

import re

_SPACE = "[\t\n\f\r ]"
_REFRESH = re.compile(
    rf"{_SPACE}*+(?P<seconds>[0-9]++|(?=\.))[0-9.]*+"
    rf"(?:{_SPACE}*+[;,]|{_SPACE}|\Z){_SPACE}*+(?:url{_SPACE}*+={_SPACE}*+)?(?P<target>.*)",
    re.IGNORECASE | re.DOTALL | re.ASCII,
)


def read_refresh(content: str) -> tuple[int, str] | None:
    """Return after how many seconds, and to what URL, a page is refreshed; None if it is not.

    The URL is as it was written, perhaps relative; "" is the page itself.
    """
    match = _REFRESH.match(content)
    if match is None:
        return None
    target = match["target"]
    if target[:1] in {'"', "'"}:
        target = target[1:].partition(target[0])[0]
    return int(match["seconds"][:9] or 0), target  # thirty years are enough
