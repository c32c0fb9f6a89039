"""The links and settings of a crawl that saves files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawlproj.content.images import LATE, LATE_SETS
from crawlproj.errors import ConfigError
from crawlproj.links import LinkExtractor
from crawlproj.store.files import file_folder

if TYPE_CHECKING:
    from scrapy.settings import BaseSettings

    from crawlproj.content.chosen_types import ChosenTypes

_LINKING = ("a", "area", "frame", "iframe")
_EMBEDDING = ("img", "source", "audio", "video", "embed")
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


def links_for(save: ChosenTypes | None) -> LinkExtractor:
    """Return the extractor of the links that are followed, and of embedded files to be saved."""
    if save is None or not save.embedded:
        return LinkExtractor(tags=_LINKING, attrs=("href", "src"), deny_extensions=())
    attrs = ("href", "src", "srcset", *LATE, *LATE_SETS)
    return LinkExtractor(tags=(*_LINKING, *_EMBEDDING), attrs=attrs, deny_extensions=())
