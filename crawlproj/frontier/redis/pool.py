"""Connections that are opened anew when another server may have taken over."""

from __future__ import annotations

from typing import Any
from weakref import WeakSet

from redis.asyncio.connection import AbstractConnection, ConnectionPool


class RenewedPool(ConnectionPool):
    """A pool whose connections can be renewed while commands run.

    ``disconnect`` of the base class closes idle connections in tasks of their own. A command that
    takes one before its task runs then writes to a connection that is gone, with AttributeError.
    """

    def __init__(self, *args: Any, **arguments: Any) -> None:
        super().__init__(*args, **arguments)
        self._made: WeakSet[AbstractConnection] = WeakSet()
        self._outdated: WeakSet[AbstractConnection] = WeakSet()

    def renew(self) -> None:
        """Let each connection be closed, and opened again, before it is used next."""
        self._outdated.update(self._made)

    def make_connection(self) -> AbstractConnection:
        """Return a new connection."""
        connection: AbstractConnection = super().make_connection()  # type: ignore[no-untyped-call]
        self._made.add(connection)
        return connection

    async def get_connection(self, *args: Any, **arguments: Any) -> AbstractConnection:
        """Return a connection that nobody else uses until it is released."""
        given = await super().get_connection(*args, **arguments)  # type: ignore[no-untyped-call]
        connection: AbstractConnection = given
        if connection in self._outdated:
            self._outdated.discard(connection)
            try:
                await connection.disconnect()
                await connection.connect()  # type: ignore[no-untyped-call]
            except BaseException:
                await self.release(connection)
                raise
        return connection
