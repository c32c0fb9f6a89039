"""Push start URLs to the spider ``queue``: ``python push_urls.py REDIS_URL URL…``."""

import sys

from redis import Redis

KEY = "queue:start_urls"

if __name__ == "__main__":
    redis_url, *urls = sys.argv[1:]
    with Redis.from_url(redis_url) as redis:
        redis.rpush(KEY, *urls)
