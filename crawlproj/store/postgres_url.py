"""How PostgreSQL is reached, by every part that does: one that is lost is noticed soon."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import conninfo

_TIMEOUTS = {
    "connect_timeout": "5",  # seconds
    "tcp_user_timeout": "20000",  # ms without an acknowledgement until the server counts as lost
    # Detects a server that dies while we wait for its answer and have sent nothing to acknowledge.
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
}


def read_url(url: str, **defaults: str) -> tuple[str, str]:
    """Return how libpq connects to ``url``, and the place in words: "host/database".

    url: postgresql://user:password@host/database, or any other connection string of libpq.
    defaults: parameters that ``url`` may set otherwise.

    Raises ValueError saying what is wrong with it, without the password.
    """
    try:
        given = conninfo.conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        # libpq's message may repeat the password.
        raise ValueError("libpq cannot parse it") from None
    if not all(port.isdigit() for port in str(given.get("port") or 0).split(",")):
        raise ValueError("its port is not a number")
    parameters: dict[str, Any] = _TIMEOUTS | defaults | given
    place = f"{given.get('host', 'localhost')}/{given.get('dbname', '')}"
    return conninfo.make_conninfo(**parameters), place
