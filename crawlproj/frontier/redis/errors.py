"""The meaning of an error that Redis or its client reports: whether to wait, and for whom."""

from __future__ import annotations

import ast
from ssl import SSLCertVerificationError

from redis import exceptions as redis_errors

# The server restarts or is full, another one takes over, or the network is down.
_TRANSIENT = (
    redis_errors.ConnectionError,
    redis_errors.TimeoutError,
    redis_errors.OutOfMemoryError,
    redis_errors.ReadOnlyError,
    redis_errors.ClusterDownError,
    redis_errors.MasterDownError,
    redis_errors.TryAgainError,
    OSError,
)
# Errors for which the client has no classes: too few replicas, a full disk, a script that takes too
# long.
_TRANSIENT_CODES = frozenset({"NOREPLICAS", "MISCONF", "BUSY"})
# A replica, or a former primary: its name may lead to another server by now.
_SUPERSEDED = (
    redis_errors.ReadOnlyError,
    redis_errors.ClusterDownError,
    redis_errors.MasterDownError,
)
_SUPERSEDED_CODE = "NOREPLICAS"
_REFUSED = (redis_errors.AuthenticationError, redis_errors.NoPermissionError)
_REFUSED_IN_SCRIPT = ("The user executing the script", "ACL failure in script")
_IN_PIPELINE = " of pipeline caused error: "
_DISCARDED = "Transaction discarded because of: "


def message_of(exc: BaseException) -> str:
    """Return the server's words.

    The client puts those on a command of a pipeline into others, as a tuple in Python's notation.
    Some versions forget to; then the answer that ended the transaction may have them.
    """
    text = str(exc) or type(exc).__name__
    _, within, arguments = text.rpartition(_IN_PIPELINE)
    if not within:
        return text
    try:
        return str(ast.literal_eval(arguments)[0])
    except (ValueError, SyntaxError):
        return str(exc.__cause__ or text).rpartition(_DISCARDED)[2]


def is_transient(exc: BaseException) -> bool:
    """Whether the same command may succeed later."""
    return isinstance(exc, _TRANSIENT) or _code_of(exc) in _TRANSIENT_CODES


def is_lost_connection(exc: BaseException) -> bool:
    """Whether it may be only this connection that is lost, so that the next one works."""
    return isinstance(exc, redis_errors.ConnectionError)


def is_answer(exc: BaseException) -> bool:
    """Whether the error is a server's answer, rather than the lack of one."""
    return isinstance(exc, redis_errors.ResponseError)


def is_superseded(exc: BaseException) -> bool:
    """Whether another server may be the one to ask, so that the address should be looked up."""
    return isinstance(exc, _SUPERSEDED) or _code_of(exc) == _SUPERSEDED_CODE


def is_of_other_shard(exc: BaseException) -> bool:
    """Whether the server is one of several shards of a cluster, and another one has the key.

    Its answer in a script has no code.
    """
    kinds = (redis_errors.AskError, redis_errors.ClusterCrossSlotError)
    return isinstance(exc, kinds) or "non local key in a cluster node" in message_of(exc)


def is_refusal(exc: BaseException) -> bool:
    """Whether the server knows who asks and does not allow it.

    The client reports an error while it logs in as one of the connection.
    """
    if isinstance(exc, _REFUSED) or isinstance(exc.__cause__, _REFUSED):
        return True
    return message_of(exc).startswith(_REFUSED_IN_SCRIPT)


def is_unknown_certificate(exc: BaseException) -> bool:
    """Whether the server's certificate is not trusted."""
    return isinstance(exc.__context__, SSLCertVerificationError)


def _code_of(exc: BaseException) -> str:
    return message_of(exc).partition(" ")[0]
