"""A web on loopback with what the shapes need: ``/SHAPE/KIND/REST?option=…``."""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
from collections import Counter
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

_SHOWN = ("Accept-Language", "Authorization", "Content-Type", "Cookie", "Referer", "X-Test")
_PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


class Web:
    """Answers, and keeps what it was asked for: by shape, (method, path, body).

    url: its address, without a slash at the end.
    """

    def __init__(self) -> None:
        self.url = ""
        self.asked: dict[str, list[tuple[str, str, str]]] = {}
        self._times: Counter[str] = Counter()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                line, *lines = head.decode("latin-1").split("\r\n")
                method, target, _ = line.split(" ", 2)
                headers = {
                    name.title(): value.strip()
                    for name, _, value in (one.partition(":") for one in lines if one)
                }
                body = await reader.readexactly(int(headers.get("Content-Length", 0)))
                answer = await self._answer(method, target, headers, body)
                if answer is None:
                    break
                writer.write(
                    answer.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" if method == "HEAD" else answer
                )
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer(  # noqa: PLR0912 - one branch for each kind of page
        self, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> bytes | None:
        if target == "/robots.txt":
            return _response("User-agent: *\nDisallow: /robots/page/private\n", kind="text/plain")
        url = urlsplit(target)
        shape, kind, rest = (*url.path.strip("/").split("/", 2), "", "")[:3]
        options = {name: values[0] for name, values in parse_qs(url.query).items()}
        asked = self.asked.setdefault(shape, [])
        if kind != "close" or not self._times[target]:  # a client may try a new connection
            asked.append((method, target, body.decode("latin-1")))
        self._times[target] += 1
        code = int(options.get("code", 200))
        match kind:
            case "redirect":
                return _response(
                    "", options.get("code", "302"), Location=options.get("to", url.path)
                )
            case "refresh":
                page = f'<meta http-equiv="refresh" content="0; url={options["to"]}">'
                return _response(page)
            case "status":
                return _response(f"<title>{rest}</title>", rest)
            case "flaky":
                failed = self._times[target] <= int(options["times"])
                return _response(
                    "<title>there</title>", options.get("code", "503") if failed else "200"
                )
            case "echo":
                shown = {name: headers[name] for name in _SHOWN if name in headers}
                echo = {"method": method, "headers": shown, "body": body.decode("latin-1")}
                return _response(json.dumps(echo), kind="application/json")
            case "cookie":
                cookie = f"{rest}={options.get('value', '1')}; Path=/{shape}"
                return _response("<title>cookie</title>", **{"Set-Cookie": cookie})
            case "auth" if headers.get("Authorization") != "Basic dXNlcjpwYXNz":
                return _response("", "401", **{"WWW-Authenticate": "Basic"})
            case "close":
                return None
            case "slow":
                await asyncio.sleep(float(options["s"]))
            case "file":
                return _response(_PNG if rest.endswith(".png") else b"x" * 3000, kind="image/png")
            case "gzip":
                packed = gzip.compress(b"<title>packed</title>")
                return _response(packed, **{"Content-Encoding": "gzip"})
            case "latin":
                return _response(
                    "<title>é</title>".encode("latin-1"), kind="text/html; charset=latin-1"
                )
            case "text":
                return _response(options["body"], kind=options.get("kind", "text/plain"))
        links = "".join(f'<a href="{to}">{to}</a>' for to in options.get("to", "").split())
        page = f"<title>{rest}</title><p class='a'>one</p><p class='a'>two</p>{links}"
        return _response(page, str(code))


def _response(
    body: str | bytes, status: str = "200", *, kind: str = "text/html; charset=utf-8", **more: str
) -> bytes:
    sent = body if isinstance(body, bytes) else body.encode()
    lines = [f"HTTP/1.1 {status} Status", f"Content-Type: {kind}", f"Content-Length: {len(sent)}"]
    lines += [f"{name}: {value}" for name, value in more.items()]
    return "\r\n".join([*lines, "", ""]).encode() + sent


@asynccontextmanager
async def running_web() -> AsyncIterator[Web]:
    """Run a web on a free port."""
    web = Web()
    server = await asyncio.start_server(web.serve, "127.0.0.1", 0)
    web.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield web
    finally:
        server.close()
