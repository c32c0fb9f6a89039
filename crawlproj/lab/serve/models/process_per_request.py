"""A process per request, forked when its connection is accepted."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from typing import TYPE_CHECKING

from crawlproj.lab.serve.service.blocking import Handler

if TYPE_CHECKING:
    from crawlproj.lab.serve.service.queries import Service


def run(service: Service) -> None:
    """Serve until killed."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # so that the kernel reaps the children
    handler = Handler(service)
    with service.listen() as listener:
        while True:
            connection, _ = listener.accept()
            if os.fork():
                connection.close()
                continue
            try:
                listener.close()
                handler.handle(connection)
            except BaseException:  # noqa: BLE001 - the copy of the parent must not continue
                traceback.print_exc()
            finally:
                sys.stderr.flush()
                os._exit(0)
