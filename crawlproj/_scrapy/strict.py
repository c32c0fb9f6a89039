"""A base for schedulers that isinstance() tells apart."""

from __future__ import annotations

from scrapy.core.scheduler import BaseSchedulerMeta


class Strict(BaseSchedulerMeta):
    """Makes isinstance() recognise our scheduler only: Scrapy's accepts any with its methods."""

    def __instancecheck__(cls, instance: object) -> bool:  # noqa: N805 - of a class
        return type.__instancecheck__(cls, instance)

    def __subclasscheck__(cls, subclass: type) -> bool:  # noqa: N805
        return type.__subclasscheck__(cls, subclass)
