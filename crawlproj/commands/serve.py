"""``scrapy serve``: answers questions about what was crawled and what is crawling."""

from __future__ import annotations

import contextlib
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

from crawlproj.commands.environment import ReadsEnvironment
from crawlproj.commands.fleets import frontiers_of_fleets
from crawlproj.errors import ConfigError
from crawlproj.masking import masked

if TYPE_CHECKING:
    import argparse

    from crawlproj.serve.config import ServeConfig


class Command(ReadsEnvironment, ScrapyCommand):
    """Exit status: 0 stopped by a signal, 1 it could not listen, 2 wrong usage or setting."""

    requires_project = True
    requires_crawler_process = False
    default_settings = {"LOG_LEVEL": "WARNING"}  # noqa: RUF012 - Scrapy's way

    def syntax(self) -> str:
        """Return what follows ``scrapy serve``."""
        return "[options]"

    def short_desc(self) -> str:
        """Return the line of ``scrapy --help``."""
        return "Serve a dashboard and a query API over the store and the frontier"

    def long_desc(self) -> str:
        """Return the description in ``scrapy serve --help``."""
        return (
            "Serve what STORE_URL and FRONTIER_URL hold, also while a crawl writes to them: a "
            "dashboard at / and a JSON API at /api/ (described by /api/openapi.json). Listens on "
            "127.0.0.1 unless --host says otherwise; others can then connect, so that needs TLS "
            "or --behind-proxy, and a token (CRAWLPROJ_SERVE_TOKEN; one is made if it is not set)."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's own options to Scrapy's."""
        super().add_options(parser)
        parser.add_argument(
            "--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)"
        )
        parser.add_argument(
            "--port",
            type=int,
            help="port to listen on (default: SERVE_PORT, 8400); 0 takes a free one",
        )
        parser.add_argument(
            "--read-only", action="store_true", help="refuse whatever would steer a crawl"
        )
        parser.add_argument("--tls-cert", type=Path, metavar="FILE", help="certificate, in PEM")
        parser.add_argument("--tls-key", type=Path, metavar="FILE", help="its key, in PEM")
        parser.add_argument(
            "--behind-proxy",
            action="store_true",
            help="a reverse proxy with TLS, which sets X-Forwarded-For, stands before the server",
        )
        parser.add_argument(
            "--root-path",
            default="",
            metavar="PATH",
            help="the path below which the proxy offers the server, such as /crawl",
        )
        parser.add_argument(
            "--database",
            default="",
            metavar="URL",
            help="also a database of your own, of which only --queries may be asked; one with a "
            "password is better given as the setting SERVE_DATABASE",
        )
        parser.add_argument(
            "--queries", type=Path, metavar="FILE", help="the named queries of --database, in TOML"
        )
        parser.add_argument(
            "--allow-host",
            action="append",
            default=[],
            metavar="NAME",
            help="a further name by which clients call this server, such as that of the proxy",
        )

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Serve until a signal."""
        if args:
            raise UsageError("serve takes no arguments; -s STORE_URL=… names another store")
        # Scrapy imports every command to list them, and most need none of this.
        try:
            from crawlproj.serve.running import Running  # noqa: PLC0415
            from crawlproj.serve.service import Service  # noqa: PLC0415
        except ImportError as exc:
            raise UsageError(
                f"scrapy serve needs more packages: pip install 'crawlproj[serve]' ({exc})",
                print_help=False,
            ) from None
        try:
            config = self._config(opts)
            service = Service.from_config(config)
        except ConfigError as exc:
            raise UsageError(str(exc), print_help=False) from None

        def announce(port: int) -> None:
            with contextlib.suppress(BrokenPipeError):  # it serves although nobody reads this
                print(
                    f"serving {masked(config.store_url)} at {config.listening.url(port)}",
                    flush=True,
                )

        if not Running(service, announce).run():
            print("error: choose another port with --port, or address with --host", file=sys.stderr)
            self.exitcode = 1

    def _config(self, opts: argparse.Namespace) -> ServeConfig:
        from crawlproj.serve.config import (  # noqa: PLC0415 - see above
            Listening,
            ServeConfig,
            database_of,
            serve_port,
            serve_token,
        )
        from crawlproj.serve.proxy.queries import load_queries  # noqa: PLC0415

        assert self.settings is not None  # noqa: S101 - Scrapy sets it
        port = serve_port(self.settings) if opts.port is None else opts.port
        if not 0 <= port <= 65535:
            raise ConfigError(f"--port must be from 0 to 65535, not {port}")
        listening = Listening.checked(
            host=opts.host,
            port=port,
            token=serve_token(self.settings),
            allow_hosts=tuple(opts.allow_host),
            certificate=opts.tls_cert,
            key=opts.tls_key,
            behind_proxy=opts.behind_proxy,
            read_only=opts.read_only,
            root_path=opts.root_path,
        )
        config = ServeConfig.from_settings(self.settings, listening)
        database = database_of(self.settings, opts.database)
        if bool(database) != bool(opts.queries):
            raise ConfigError(
                "give --database (or SERVE_DATABASE) together with --queries FILE, or neither"
            )
        if database:
            queries = tuple(load_queries(opts.queries))
            config = replace(config, database_url=database, queries=queries)
        fleets = frontiers_of_fleets(self.settings)
        return replace(config, frontier_url=fleets[0]) if fleets else config
