"""Which command of Scrapy this process runs, and where it says that it cannot."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

from scrapy import cmdline
from scrapy.utils.log import get_scrapy_root_handler

if TYPE_CHECKING:
    from types import FrameType

logger = logging.getLogger(__name__)


def running_command() -> str:
    """Return the name of the command that called this, such as "crawl"; "" if none did.

    Scrapy tells nobody, and takes the name out of sys.argv. It is a variable of the function that
    runs the command, whoever called that. ``python -m scrapy.cmdline`` has a copy of that function.
    """
    code = cmdline.execute.__code__
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        if frame.f_code.co_name == code.co_name and frame.f_code == code:
            return str(frame.f_locals.get("cmdname") or "")
        frame = frame.f_back
    return ""


def log_into_file(error: str) -> None:
    """Log what standard error says, if the log is a file.

    Under scrapyd, standard error is the server's log; people read the log of the job.
    """
    if isinstance(get_scrapy_root_handler(), logging.FileHandler):
        logger.error("%s", error)
