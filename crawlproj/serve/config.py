"""The configuration of ``scrapy serve``: where to listen, whom to let in, what to serve."""

from __future__ import annotations

import ipaddress
import os
import socket
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from crawlproj.config import integer, text
from crawlproj.errors import ConfigError
from crawlproj.scheduling.crawl_config import CrawlConfig
from crawlproj.serve.security.tokens import checked_token, new_token
from crawlproj.serve.web.root_path import checked_root_path

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from scrapy.settings import BaseSettings

    from crawlproj.serve.proxy.queries import NamedQuery

PORT = 8400
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Listening:
    """Where the server listens, and whom it lets in.

    host: an address or a name. token: "" lets everybody in who can connect.
    token_is_new: it was made just now, so it must be shown. allow_hosts: further names by which
    clients may call the server. certificate, key: files in PEM, for TLS. behind_proxy: a reverse
    proxy that adds X-Forwarded-For, and usually TLS, stands before it.
    read_only: refuse everything that would steer a crawl. root_path: the path below which the proxy
    offers the server; "" for all of a host.
    """

    host: str = LOOPBACK
    port: int = PORT
    token: str = field(default="", repr=False)
    token_is_new: bool = False
    allow_hosts: tuple[str, ...] = ()
    certificate: Path | None = None
    key: Path | None = None
    behind_proxy: bool = False
    read_only: bool = False
    root_path: str = ""

    @classmethod
    def checked(
        cls,
        *,
        host: str,
        port: int,
        token: str,
        allow_hosts: tuple[str, ...] = (),
        certificate: Path | None = None,
        key: Path | None = None,
        behind_proxy: bool = False,
        read_only: bool = False,
        root_path: str = "",
    ) -> Listening:
        """Return it, with a new token if one is needed and none given.

        Raises ConfigError if others could read along or walk in.
        """
        if (certificate is None) != (key is None):
            raise ConfigError("TLS needs both files: give --tls-cert and --tls-key")
        for file in (certificate, key):
            if file is not None and not file.is_file():
                raise ConfigError(f"{file} is not a file: --tls-cert and --tls-key name PEM files")
        exposed = not is_loopback(host)
        if exposed and certificate is None and not behind_proxy:
            raise ConfigError(
                f"{host} can be reached by others, who could read along: give --tls-cert and "
                "--tls-key, or --behind-proxy if a proxy with TLS stands before it; or leave "
                f"--host out to listen on {LOOPBACK}"
            )
        token_is_new = not token and (exposed or behind_proxy)
        return cls(
            host,
            port,
            new_token() if token_is_new else checked_token(token) if token else "",
            token_is_new,
            allow_hosts,
            certificate,
            key,
            behind_proxy,
            read_only,
            checked_root_path(root_path),
        )

    @property
    def names(self) -> frozenset[str]:
        """The names by which clients may call the server; addresses are always right."""
        names = {"localhost", self.host, *self.allow_hosts}
        if not is_loopback(self.host):
            names |= {socket.gethostname(), socket.getfqdn()}
        return frozenset(names)

    def url(self, port: int) -> str:
        """Return the address of the dashboard, with the token if it was made just now.

        port: the one that the server got.
        """
        scheme = "http" if self.certificate is None else "https"
        host = f"[{self.host}]" if ":" in self.host else self.host
        query = f"/?token={self.token}" if self.token_is_new else ""
        return f"{scheme}://{host}:{port}{query}"


@dataclass(frozen=True, slots=True)
class ServeConfig:
    """listening: where, and for whom. store_url, frontier_url: what is served.

    store_url: SERVE_STORE_URL, else STORE_URL. database_url, queries: a database of the user's own,
    and the named queries that may be asked of it. report: REPORT, to link to.
    """

    listening: Listening
    store_url: str
    frontier_url: str
    redis_params: Mapping[str, Any] = field(default_factory=dict, repr=False)
    database_url: str = field(default="", repr=False)
    queries: tuple[NamedQuery, ...] = ()
    report: str = ""

    @classmethod
    def from_settings(cls, settings: BaseSettings, listening: Listening) -> ServeConfig:
        """Read and check the settings. Raises ConfigError naming the first wrong one."""
        store_url = text(settings, "SERVE_STORE_URL", "") or text(settings, "STORE_URL", "")
        if not store_url:
            raise ConfigError(
                "STORE_URL is empty: set it to the store that the crawl writes to, for example "
                "-s STORE_URL=sqlite:///crawl.db"
            )
        crawl = CrawlConfig.from_settings(settings)
        return cls(
            listening,
            store_url,
            crawl.frontier_url,
            crawl.redis_params,
            report=text(settings, "REPORT", ""),
        )


def serve_port(settings: BaseSettings) -> int:
    """Return SERVE_PORT. Raises ConfigError if it is not a port."""
    port = integer(settings, "SERVE_PORT", PORT)
    if port > 65535:
        raise ConfigError(f"SERVE_PORT must be at most 65535, not {port}")
    return port


def serve_token(settings: BaseSettings) -> str:
    """Return the environment's CRAWLPROJ_SERVE_TOKEN, else SERVE_TOKEN; "" if there is none."""
    return os.environ.get("CRAWLPROJ_SERVE_TOKEN", "") or text(settings, "SERVE_TOKEN", "")


def database_of(settings: BaseSettings, given: str) -> str:
    """Return the user's own database: ``given``, else SERVE_DATABASE; "" if there is none."""
    return given or text(settings, "SERVE_DATABASE", "")


def is_loopback(host: str) -> bool:
    """Return whether only this machine can connect to ``host``."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
