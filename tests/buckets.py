"""A server on loopback that speaks S3, with an empty bucket."""

from __future__ import annotations

import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from moto.server import ThreadedMotoServer

if TYPE_CHECKING:
    from collections.abc import Iterator

_KEYS = {"access_key": "key", "secret_key": "secret"}


@contextmanager
def bucket() -> Iterator[str]:
    """Give the URL of a server that has the bucket "bucket"."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    request = urllib.request.Request(f"{url}/bucket", method="PUT")  # noqa: S310
    with urllib.request.urlopen(request):  # noqa: S310
        pass
    try:
        yield url
    finally:
        server.stop()


def arguments(endpoint: str) -> dict[str, Any]:
    """Return the arguments of pyarrow's S3FileSystem."""
    return {"endpoint_override": endpoint, "region": "us-east-1", **_KEYS}


def settings(endpoint: str) -> dict[str, object]:
    """Return the same as settings."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_REGION_NAME": "us-east-1",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
    }
