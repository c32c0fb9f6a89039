"""One way to Redis or Valkey: REDIS_URL and REDIS_PARAMS as scrapy-redis has them, asynchronous."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qs, urlsplit

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from crawlproj.errors import ConfigError
from crawlproj.masking import masked

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping


REDIS_SCHEMES = ("redis", "rediss", "unix")
_TIMEOUT_S = 5.0
# What REDIS_PARAMS may say, for scrapy-redis too. The rest is code or would break the protocol.
_PARAMS = frozenset(
    {
        "host", "port", "db", "username", "password", "unix_socket_path", "ssl", "ssl_ca_certs",
        "ssl_ca_path", "ssl_certfile", "ssl_keyfile", "ssl_cert_reqs", "ssl_check_hostname",
        "socket_timeout", "socket_connect_timeout", "socket_keepalive", "health_check_interval",
        "client_name",
    }
)  # fmt: skip
# scrapy-redis's own defaults, which mean nothing here: answers are bytes, retries are ours.
_IGNORED = frozenset({"encoding", "decode_responses", "retry_on_timeout"})


class Settings(Protocol):
    """What is needed of Scrapy's settings."""

    def get(self, name: Any, default: Any = None) -> Any:
        """Return a setting."""

    def getdict(self, name: Any, default: Any = None) -> dict[Any, Any]:
        """Return a setting that is a dict."""


@dataclass(frozen=True, slots=True)
class RedisConfig:
    """Where a server is; the password is not in its repr.

    url: ``redis://user:password@host:port/db``, ``rediss://…`` (TLS), ``unix:///path?db=0``.
    params: further keyword arguments of ``redis.asyncio.Redis``; they win over the URL's.
    """

    url: str = field(repr=False)
    params: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def from_settings(cls, settings: Settings) -> RedisConfig:
        """Read REDIS_URL and REDIS_PARAMS; raises ConfigError."""
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
        """Return a client; nothing is connected yet.

        It retries nothing: whether a command may be sent again is for its caller to know.

        on_connect: called instead of ``connection.on_connect()`` with each new connection.

        Raises ConfigError if the URL is malformed.
        """
        defaults: dict[str, Any] = {
            "socket_timeout": _TIMEOUT_S,
            "socket_connect_timeout": _TIMEOUT_S,
            "retry": Retry(NoBackoff(), 0),
            "redis_connect_func": on_connect,
        }
        try:
            parts = urlsplit(self.url)
            if parts.scheme.lower() not in REDIS_SCHEMES:
                raise ConfigError(f"{self.masked!r} is no Redis URL: write redis://host:port/0")
            if unknown := parse_qs(parts.query).keys() - _PARAMS:
                raise ConfigError(
                    f"{self.masked!r} is no Redis URL: {', '.join(sorted(unknown))} is not known"
                )
            client: Redis = Redis.from_url(self.url, **(defaults | dict(self.params)))
        except ValueError:
            # Its message may repeat a part of the password.
            raise ConfigError(
                f"{self.masked!r} is no Redis URL: check host, port, database and parameters, and "
                "percent-encode what is neither letter nor digit in user and password"
            ) from None
        return client

    @property
    def masked(self) -> str:
        """The URL as it may be logged: without user, password and query."""
        return masked(self.url)
