"""Which request is answered by the callback that runs now, for what it yields.

Scrapy hands a callback's requests to the scheduler without a word of the page that gave them. Each
request has a task of its own (``runner.py``), so a context variable knows. It is empty where Scrapy
runs the requests itself.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scrapy import Request

ANSWERED: ContextVar[Request | None] = ContextVar("ANSWERED", default=None)
"""The request whose callback, errback or pipelines run in this context; None outside of them."""
