"""Ports of loopback for servers that other programs start."""

from __future__ import annotations

import contextlib
import socket
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def reserved_port() -> Iterator[int]:
    """Yield a port at which a server may listen, and that the system gives to nobody else.

    A program starts slowly. If another one took the port first, its answers would be taken for
    those of the former. Outside Linux, the port is only one that was free a moment ago.
    """
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", 0))
        port: int = holder.getsockname()[1]
        if sys.platform != "linux":
            holder.close()  # only Linux lets another socket listen at a port that is bound
        yield port
