"""Push start URLs to the spider ``queue``: ``python push_urls.py REDIS_URL URL…``."""

import argparse

from redis import Redis

KEY = "queue:start_urls"  # QueueSpider.redis_key

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=f"Push start URLs to {KEY}.")
    parser.add_argument("redis_url", help="the server, for example redis://127.0.0.1:6379/0")
    parser.add_argument("urls", nargs="+", metavar="url", help="a catalogue page")
    arguments = parser.parse_args()
    with Redis.from_url(arguments.redis_url) as redis:
        redis.rpush(KEY, *arguments.urls)
