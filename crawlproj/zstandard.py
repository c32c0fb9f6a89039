"""The standard library's ``compression.zstd``, on Python before 3.14 too."""

from __future__ import annotations

import sys

if sys.version_info >= (3, 14):
    from compression import zstd as zstd  # noqa: PLC0414 - for others
else:
    from backports import zstd as zstd  # noqa: PLC0414 - for others
