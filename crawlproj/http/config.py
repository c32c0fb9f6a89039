"""The settings of the HTTP handler, read once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crawlproj.config import boolean, integer, number, requests_in_flight
from crawlproj.errors import ConfigError
from crawlproj.http.guard import Guard

if TYPE_CHECKING:
    from scrapy.settings import BaseSettings

BindAddress = tuple[str, int]


@dataclass(frozen=True, slots=True)
class HttpConfig:
    """The handler's settings. A size of 0 means "no limit".

    max_connections: CONCURRENT_REQUESTS; counts open connections, idle ones included.
    timeout_s: DOWNLOAD_TIMEOUT, 180 for 0; covers the whole download, body included.
    max_body_bytes, warn_body_bytes: DOWNLOAD_MAXSIZE, DOWNLOAD_WARNSIZE.
    fail_on_dataloss: DOWNLOAD_FAIL_ON_DATALOSS.
    bind_address: DOWNLOAD_BIND_ADDRESS as (host, port), or None.
    keepalive_s: HTTP_KEEPALIVE_TIMEOUT; how long an idle connection stays open.
    dns_timeout_s, dns_cache_size, dns_cache_ttl_s, dns_threads: DNS_TIMEOUT, DNSCACHE_SIZE (0 when
        DNSCACHE_ENABLED is off), DNSCACHE_TTL, DNS_THREADS.
    tls_verbose_logging: DOWNLOADER_CLIENT_TLS_VERBOSE_LOGGING.
    guard: built from GUARD_ENABLED and GUARD_ALLOW; None if it is off.
    """

    max_connections: int = 16
    timeout_s: float = 180.0
    max_body_bytes: int = 0
    warn_body_bytes: int = 0
    fail_on_dataloss: bool = True
    bind_address: BindAddress | None = None
    keepalive_s: float = 60.0
    dns_timeout_s: float = 60.0
    dns_cache_size: int = 10_000
    dns_cache_ttl_s: float = 300.0
    dns_threads: int = 128
    tls_verbose_logging: bool = False
    guard: Guard | None = None

    @classmethod
    def from_settings(cls, settings: BaseSettings) -> HttpConfig:
        """Read and check the settings. Raises ConfigError naming the first wrong one."""
        cache_on = boolean(settings, "DNSCACHE_ENABLED", default=True)
        guarded = boolean(settings, "GUARD_ENABLED", default=True)
        allow = _cidrs(settings)
        return cls(
            max_connections=requests_in_flight(settings),
            timeout_s=number(settings, "DOWNLOAD_TIMEOUT", 180.0) or 180.0,
            max_body_bytes=integer(settings, "DOWNLOAD_MAXSIZE", 0),
            warn_body_bytes=integer(settings, "DOWNLOAD_WARNSIZE", 0),
            fail_on_dataloss=boolean(settings, "DOWNLOAD_FAIL_ON_DATALOSS", default=True),
            bind_address=bind_address(
                settings.get("DOWNLOAD_BIND_ADDRESS"), "DOWNLOAD_BIND_ADDRESS"
            ),
            keepalive_s=_seconds(settings, "HTTP_KEEPALIVE_TIMEOUT", 60.0),
            dns_timeout_s=_seconds(settings, "DNS_TIMEOUT", 60.0),
            dns_cache_size=integer(settings, "DNSCACHE_SIZE", 10_000) if cache_on else 0,
            dns_cache_ttl_s=_seconds(settings, "DNSCACHE_TTL", 300.0),
            dns_threads=integer(settings, "DNS_THREADS", 128, minimum=1),
            tls_verbose_logging=boolean(
                settings, "DOWNLOADER_CLIENT_TLS_VERBOSE_LOGGING", default=False
            ),
            guard=Guard(allow) if guarded else None,
        )


def bind_address(value: object, name: str) -> BindAddress | None:
    """Return ``value``, a host or a (host, port) pair, as a pair; None if it is None or "".

    Raises ConfigError naming ``name``, the setting or meta key that holds ``value``.
    """
    match value:
        case None | "":
            return None
        case str():
            return (value, 0)
        case (str(host), int(port)):
            return (host, port)
    raise ConfigError(f"{name} must be an address or an (address, port) pair, not {value!r}")


def _cidrs(settings: BaseSettings) -> list[str]:
    value = settings.get("GUARD_ALLOW")
    if value is None or isinstance(value, str):
        return [part.strip() for part in (value or "").split(",") if part.strip()]
    if isinstance(value, list | tuple | set | frozenset):
        return list(value)
    raise ConfigError(f"GUARD_ALLOW must be a list of CIDRs such as '127.0.0.0/8', not {value!r}")


def _seconds(settings: BaseSettings, name: str, default: float) -> float:
    """Return a timeout setting, in seconds; it must be more than 0."""
    seconds = number(settings, name, default)
    if not seconds:
        raise ConfigError(f"{name} must be more than 0 seconds, not {settings.get(name)!r}")
    return seconds
