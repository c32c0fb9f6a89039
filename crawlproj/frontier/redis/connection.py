"""The connection to Redis or Valkey, configured by scrapy-redis's REDIS_URL and REDIS_PARAMS."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qs, urlsplit

from crawlproj.errors import ConfigError
from crawlproj.masking import masked

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from redis.asyncio import Redis

REDIS_SCHEMES = ("redis", "rediss", "unix")
_TIMEOUT_S = 5.0
# REDIS_PARAMS may contain these. scrapy-redis's other parameters are code or break the protocol.
_PARAMS = frozenset(
    {
        "host", "port", "db", "username", "password", "unix_socket_path", "ssl", "ssl_ca_certs",
        "ssl_ca_path", "ssl_certfile", "ssl_keyfile", "ssl_cert_reqs", "ssl_check_hostname",
        "socket_timeout", "socket_connect_timeout", "socket_keepalive", "health_check_interval",
        "client_name",
    }
)  # fmt: skip
# scrapy-redis sets these by default. They have no effect here: answers are bytes, and RedisServer
# retries.
_IGNORED = frozenset({"encoding", "decode_responses", "retry_on_timeout"})


class Settings(Protocol):
    """The part of Scrapy's settings that ``RedisConfig`` reads."""

    def get(self, name: Any, default: Any = None) -> Any:
        """Return a setting."""

    def getdict(self, name: Any, default: Any = None) -> dict[Any, Any]:
        """Return a setting that is a dict."""


@dataclass(frozen=True, slots=True)
class RedisConfig:
    """The address of a server; its repr shows no password.

    url: ``redis://user:password@host:port/db``, ``rediss://…`` (TLS), ``unix:///path?db=0``.
    params: further keyword arguments of ``redis.asyncio.Redis``; they override the URL's.
    """

    url: str = field(repr=False)
    params: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def from_settings(cls, settings: Settings) -> RedisConfig:
        """Read REDIS_URL (or REDIS_HOST, REDIS_PORT and REDIS_DB) and REDIS_PARAMS.

        Raises ConfigError if REDIS_PARAMS contains an unsupported parameter.
        """
        url = str(settings.get("REDIS_URL") or "")
        params = {}
        for name, value in settings.getdict("REDIS_PARAMS").items():
            if name not in _PARAMS | _IGNORED:
                raise ConfigError(
                    f"REDIS_PARAMS has {name!r}, which is not supported: use "
                    f"{', '.join(sorted(_PARAMS))}"
                )
            if name in _PARAMS:
                params[name] = value
        if not url:
            host = settings.get("REDIS_HOST") or params.get("host") or "127.0.0.1"
            port = settings.get("REDIS_PORT") or params.get("port") or 6379
            url = f"redis://{host}:{port}/{settings.get('REDIS_DB') or 0}"
        return cls(url, params)

    def client(self, on_connect: Callable[[Any], Awaitable[None]] | None = None) -> Redis:
        """Return a client that is not connected yet.

        It never retries: only the caller knows whether a command may be sent twice.

        on_connect: called with each new connection instead of ``connection.on_connect()``.

        Raises ConfigError if the URL is malformed.
        """
        # Every crawl reads these settings, and most use no Redis.
        from redis.asyncio import Redis  # noqa: PLC0415 - takes a tenth of the time of a start
        from redis.asyncio.retry import Retry  # noqa: PLC0415
        from redis.backoff import NoBackoff  # noqa: PLC0415

        from crawlproj.frontier.redis.pool import RenewedPool  # noqa: PLC0415

        defaults: dict[str, Any] = {
            "socket_timeout": _TIMEOUT_S,
            "socket_connect_timeout": _TIMEOUT_S,
            "retry": Retry(NoBackoff(), 0),
            "redis_connect_func": on_connect,
        }
        try:
            parts = urlsplit(self.url)
            # Without the slashes, the client would take this machine's server for any host.
            if parts.scheme.lower() not in REDIS_SCHEMES or "://" not in self.url:
                raise ConfigError(
                    f"{self.masked!r} is not a Redis URL: write redis://host:port/0, or "
                    "unix:///run/redis.sock"
                )
            if unknown := parse_qs(parts.query).keys() - _PARAMS:
                raise ConfigError(
                    f"{self.masked!r} is not a Redis URL: unknown {', '.join(sorted(unknown))}; "
                    f"its query may contain {', '.join(sorted(_PARAMS))}"
                )
            pool = RenewedPool.from_url(self.url, **(defaults | dict(self.params)))
            client: Redis = Redis.from_pool(pool)
        except ValueError:
            # The original message may contain a part of the password.
            raise ConfigError(
                f"{self.masked!r} is not a Redis URL: check host, port, database and parameters, "
                "and percent-encode special characters in user and password"
            ) from None
        return client

    @property
    def masked(self) -> str:
        """The URL with user, password and query masked, for logs and messages."""
        return masked(self.url)
