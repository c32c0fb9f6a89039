from __future__ import annotations

import socket
import sys

import pytest

from crawlproj.ports import reserved_port


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can")
def test_a_port_that_is_reserved_is_given_to_nobody_else_and_a_server_may_listen() -> None:
    with reserved_port() as port:
        with socket.create_server(("127.0.0.1", port)):
            pass
        with pytest.raises(OSError, match="in use"), socket.socket() as stranger:
            stranger.bind(("127.0.0.1", port))
