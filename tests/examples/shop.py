"""A bookshop on loopback for the examples to crawl: a catalogue, a login form and a JSON API.

The tests run it in a thread: ``with Shop() as shop: shop.url``. By hand, until Ctrl-C:
``python -m tests.examples.shop`` serves http://127.0.0.1:8000, ``… shop 8080`` another port.
"""

from __future__ import annotations

import json
import secrets
import sys
import threading
from dataclasses import dataclass
from html import escape
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

USER = "reader"
PER_PAGE = 4
_POLL_S = 0.02  # between two looks whether it is to stop


@dataclass(frozen=True)
class Title:
    """A book of the shop. pence: None when it is out of print."""

    slug: str
    title: str
    author: str
    genre: str
    pence: int | None
    stock: int


TITLES = (
    Title("emma", "Emma", "Jane Austen", "novel", 799, 12),
    Title("persuasion", "Persuasion", "Jane Austen", "novel", 749, 0),
    Title("middlemarch", "Middlemarch", "George Eliot", "novel", 1250, 3),
    Title("silas-marner", "Silas Marner", "George Eliot", "novel", None, 0),
    Title("moby-dick", "Moby-Dick; or, The Whale", "Herman Melville", "novel", 1099, 7),
    Title("dubliners", "Dubliners", "James Joyce", "stories", 650, 5),
    Title("the-dead", "The Dead", "James Joyce", "stories", 400, 1),
    Title("kew-gardens", "Kew Gardens", "Virginia Woolf", "stories", 525, 2),
    Title("lyrical-ballads", "Lyrical Ballads", "Wordsworth & Coleridge", "poetry", 899, 4),
    Title("leaves-of-grass", "Leaves of Grass", "Walt Whitman", "poetry", 1000, 9),
)
ORDERS = (
    ("1001", "2026-01-14", 1598),
    ("1002", "2026-02-02", 650),
    ("1003", "2026-03-21", 2500),
    ("1004", "2026-04-09", 400),
    ("1005", "2026-05-30", 899),
    ("1006", "2026-07-01", 1000),
)


class Shop:
    """The server; a context manager.

    requests: the method and target of each request, in order of arrival.
    password: the password of the user "reader"; may be changed.
    """

    def __init__(self, port: int = 0) -> None:
        self.password = "paper"
        self.requests: list[str] = []
        self.csrf_tokens: dict[str, str] = {}  # by visitor's cookie
        self.sessions: set[str] = set()
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.shop = self
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(_POLL_S,), daemon=True
        )

    @property
    def url(self) -> str:
        """The home page, without a slash at the end."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False  # crawlers keep connections open
    shop: Shop


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        self._shop.requests.append(f"GET {self.path}")
        path = urlsplit(self.path).path
        if path == "/robots.txt":
            self._send("User-agent: *\nDisallow: /basket\n", "text/plain")
        elif path == "/":
            self._send_page("Bookshop", "<p>Welcome.</p>")
        elif path == "/catalogue":
            self._send_catalogue()
        elif path.startswith("/books/"):
            self._send_book(path.removeprefix("/books/"))
        elif path == "/login":
            self._send_login_form()
        elif path == "/account/orders":
            self._send_orders()
        elif path == "/api/genres":
            self._send_json({"genres": sorted({title.genre for title in TITLES})})
        elif path == "/api/search":
            self._send_json({"error": "POST a query"}, status=405)
        else:
            self._send_page("Not found", "<p>No such page.</p>", status=404)

    def do_POST(self) -> None:
        self._shop.requests.append(f"POST {self.path}")
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/login":
            self._log_in({name: values[0] for name, values in parse_qs(body.decode()).items()})
        elif self.path == "/api/search":
            self._search(body)
        else:
            self._send_page("Not found", "<p>No such page.</p>", status=404)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in the base
        """Log nothing; ``Shop.requests`` has it."""

    @property
    def _shop(self) -> Shop:
        return self.server.shop

    def _send_catalogue(self) -> None:
        page = self._page_number()
        shown = TITLES[(page - 1) * PER_PAGE : page * PER_PAGE]
        links = "".join(
            f'<li><a href="/books/{title.slug}">{escape(title.title)}</a></li>' for title in shown
        )
        self._send_page("Catalogue", f"<ol>{links}</ol>{_next_link(page, len(TITLES))}")

    def _send_book(self, slug: str) -> None:
        found = [title for title in TITLES if title.slug == slug]
        if not found:
            self._send_page("Not found", "<p>No such book.</p>", status=404)
            return
        (title,) = found
        price = "Out of print" if title.pence is None else f"£{title.pence / 100:.2f}"
        self._send_page(
            title.title,
            f'<article class="book"><h1>\n  {escape(title.title)}\n</h1>'
            f'<p class="author">by <a href="/catalogue">{escape(title.author)}</a></p>'
            f'<p class="genre">{title.genre}</p><p class="price">{price}</p>'
            f'<p class="stock">In stock: {title.stock}</p>'
            '<a href="/basket/add">Add to basket</a></article>',
        )

    def _send_login_form(self, message: str = "") -> None:
        visitor, token = secrets.token_hex(8), secrets.token_hex(16)
        self._shop.csrf_tokens[visitor] = token
        self._send_page(
            "Log in",
            f'<p class="error">{message}</p><form action="/login" method="post">'
            f'<input type="hidden" name="csrf_token" value="{token}">'
            '<input name="user"><input name="password" type="password">'
            '<button type="submit" name="action" value="login">Log in</button></form>',
            cookie=f"visitor={visitor}",
        )

    def _log_in(self, form: dict[str, str]) -> None:
        visitor = self._cookie("visitor")
        token = self._shop.csrf_tokens.pop(visitor, None)
        if token is None or form.get("csrf_token") != token:
            self._send_page("Forbidden", "<p>CSRF token missing or wrong.</p>", status=403)
        elif (form.get("user"), form.get("password")) != (USER, self._shop.password):
            self._send_login_form("Wrong user or password.")
        else:
            session = secrets.token_hex(16)
            self._shop.sessions.add(session)
            self._redirect("/account/orders", cookie=f"session={session}")

    def _send_orders(self) -> None:
        if self._cookie("session") not in self._shop.sessions:
            self._redirect("/login")
            return
        page = self._page_number()
        rows = "".join(
            f'<tr class="order"><td>{number}</td><td><time datetime="{day}">{day}</time></td>'
            f"<td>£{pence / 100:.2f}</td></tr>"
            for number, day, pence in ORDERS[(page - 1) * PER_PAGE : page * PER_PAGE]
        )
        self._send_page("Your orders", f"<table>{rows}</table>{_next_link(page, len(ORDERS))}")

    def _search(self, body: bytes) -> None:
        try:
            query: dict[str, Any] = json.loads(body)
            genre, page = str(query["genre"]), int(query["page"])
        except (ValueError, TypeError, KeyError):
            self._send_json({"error": "send JSON with genre and page"}, status=400)
            return
        found = [title for title in TITLES if title.genre == genre]
        self._send_json(
            {
                "results": [
                    {"slug": title.slug, "title": title.title, "stock": title.stock}
                    for title in found[(page - 1) * PER_PAGE : page * PER_PAGE]
                ],
                "next_page": page + 1 if page * PER_PAGE < len(found) else None,
            }
        )

    def _page_number(self) -> int:
        return int(parse_qs(urlsplit(self.path).query).get("page", ["1"])[0])

    def _cookie(self, name: str) -> str:
        cookies = SimpleCookie(self.headers.get("Cookie", ""))
        return cookies[name].value if name in cookies else ""

    def _redirect(self, path: str, cookie: str = "") -> None:
        self._send("", "text/plain", status=302, cookie=cookie, location=path)

    def _send_page(self, title: str, body: str, *, status: int = 200, cookie: str = "") -> None:
        navigation = '<nav><a href="/">Home</a> <a href="/catalogue">Catalogue</a>'
        navigation += ' <a href="/basket">Basket</a> <a href="/login">Log in</a></nav>'
        page = f"<!doctype html><title>{escape(title)}</title>{navigation}{body}"
        self._send(page, "text/html; charset=utf-8", status=status, cookie=cookie)

    def _send_json(self, value: object, *, status: int = 200) -> None:
        self._send(json.dumps(value), "application/json", status=status)

    def _send(
        self,
        text: str,
        content_type: str,
        *,
        status: int = 200,
        cookie: str = "",
        location: str = "",
    ) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        if cookie:
            self.send_header("Set-Cookie", f"{cookie}; Path=/; HttpOnly")
        if location:
            self.send_header("Location", location)
        self.end_headers()
        self.wfile.write(body)


def _next_link(page: int, total: int) -> str:
    return f'<a rel="next" href="?page={page + 1}">Next</a>' if page * PER_PAGE < total else ""


def _main() -> None:
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8000
    try:
        shop = Shop(port)
    except OSError as exc:
        sys.exit(
            f"cannot serve port {port}: {exc}; name another: python -m tests.examples.shop 8080"
        )
    with shop:
        sys.stdout.write(f"The bookshop is open at {shop.url}; Ctrl-C closes it.\n")
        sys.stdout.flush()
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            sys.stdout.write("Closed.\n")


if __name__ == "__main__":
    _main()
