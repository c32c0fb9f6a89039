"""Finds names of settings that are misspelt, which Scrapy takes for settings of other parts."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from scrapy.settings import SETTINGS_PRIORITIES, default_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy.settings import BaseSettings

_OURS = """
ACTION_LINKS_AVOID CONCURRENCY_ENABLED CONCURRENCY_LIMIT CONCURRENCY_MAX_PER_SITE CONCURRENCY_MIN
CONCURRENCY_REFUSALS CONCURRENCY_SCOPE CONCURRENCY_SITES CONCURRENCY_START DNSCACHE_TTL DNS_THREADS
DOMAIN_MAX_HOSTS DOWNLOAD_HANDLERS_BY_META FILES_URL FLEET_DIR FLEET_HANG_TIMEOUT FLEET_MAX_MEMORY
FLEET_WORKER FRONTIER_GENERATION FRONTIER_JOB FRONTIER_LEASE_TIME FRONTIER_RESET FRONTIER_URL
GUARD_ALLOW GUARD_ENABLED HOG_THRESHOLD HTTP_KEEPALIVE_TIMEOUT ITEM_REQUIRED_FIELDS LATENCY_ENABLED
MAX_IDLE_TIME_BEFORE_CLOSE MAX_PAGES MEMORY_BUDGET METRICS_HOST METRICS_MAX_SITES METRICS_PORT
NEAR_DUPLICATES PAGE_FIELDS PAGE_NOFOLLOW_OBEY PARQUET_INTERVAL PARQUET_JOURNAL PARQUET_SEGMENT_SIZE
PARQUET_URL PROGRESS_ENABLED PROGRESS_INTERVAL REDIS_DB REDIS_HOST REDIS_PARAMS REDIS_PORT
REDIS_START_URLS_AS_SET REDIS_START_URLS_AS_ZSET REDIS_START_URLS_KEY REDIS_URL REFRESH_PER_DAY
REFRESH_SPOT_CHECKS REPLAY_DIR REPORT REPORT_INTERVAL RESPECT_SIGNALS ROBOTSTXT_CACHE_TTL
ROBOTSTXT_RETRY_AFTER SCHEDULER_DUPEFILTER_KEY SCHEDULER_FLUSH_ON_START SCHEDULER_IDLE_BEFORE_CLOSE
SCHEDULER_PERSIST SCHEDULER_QUEUE_CLASS SCHEDULER_QUEUE_KEY SEED_MAX_PENDING SERVE_DATABASE
SERVE_PORT SERVE_STORE_URL SERVE_TOKEN SHUTDOWN_GRACE SITE_MAX_DEPTH SITE_MAX_PAGES
SITE_MAX_SITEMAPS SITE_PATIENCE STOPPED_EXIT_STATUS STORE_BATCH_DELAY STORE_BATCH_SIZE STORE_HISTORY
STORE_KEY STORE_SEARCH STORE_URL TDMREP_ENABLED TRAPS_ENABLED WARC_DIR WEB_BOT_AUTH_AGENT
WEB_BOT_AUTH_KEY
"""
OURS = frozenset(_OURS.split())
"""The settings of crawlproj, beside those of Scrapy."""

# Of their letters, so many must agree: one wrong letter in nine. Settings of other packages differ
# from ours by more.
_SIMILAR = 0.88
_GIVEN = SETTINGS_PRIORITIES["addon"]  # where the environment's are; Scrapy's own are below


def misspelt(settings: BaseSettings) -> Iterator[str]:
    """Yield a warning of each name that somebody gave and that is nearly a known one.

    A known name with an addition (USER_AGENTS, REDIS_URL_2, _JOBDIR), or without its first part
    (CACHE_ENABLED), is a name of its own.
    """
    known = OURS | {name for name in vars(default_settings) if name.isupper()}
    for name in sorted(settings.keys() - known):
        if not name.isupper() or (settings.getpriority(name) or 0) < _GIVEN:
            continue
        near = get_close_matches(name, known, 1, _SIMILAR)
        if near and near[0] not in name and not near[0].endswith(name):
            yield f"{name} is not a setting of crawlproj or Scrapy: did you mean {near[0]}?"
