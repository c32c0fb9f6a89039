"""Requests as scrapy-redis queues them."""

from __future__ import annotations

import json
from typing import Any

from tests.redis_spiders import Plain

SPIDER = Plain()


class Json:
    """A serializer for SCHEDULER_SERIALIZER."""

    @staticmethod
    def dumps(stored: dict[str, Any]) -> str:
        stored["headers"] = {
            name.decode(): [value.decode() for value in values]
            for name, values in stored["headers"].items()
        }
        stored["body"] = stored["body"].decode()
        return json.dumps(stored)

    loads = staticmethod(json.loads)


def url(number: int) -> str:
    return f"http://a.test/{number}"
