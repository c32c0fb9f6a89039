"""Whether a crawl can keep what ``save`` asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawlproj.errors import ConfigError
from crawlproj.store.files import file_folder

if TYPE_CHECKING:
    from scrapy.settings import BaseSettings

_PIPELINE = "crawlproj.pipelines.files.FilesPipeline"


def check_saving(settings: BaseSettings) -> None:
    """Raise ConfigError if FILES_URL is wrong or cannot be written, or no pipeline writes files."""
    file_folder(settings)
    pipelines = settings.getwithbase("ITEM_PIPELINES")
    names = (
        part if isinstance(part, str) else f"{part.__module__}.{part.__qualname__}"
        for part, place in pipelines.items()
        if place is not None
    )
    if _PIPELINE not in names:
        raise ConfigError(f"-a save needs a pipeline: ITEM_PIPELINES['{_PIPELINE}'] = 800")
