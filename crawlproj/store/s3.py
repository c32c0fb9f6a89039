"""A folder in a bucket of S3, or of a service that speaks like it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyarrow import fs

if TYPE_CHECKING:
    from collections.abc import Mapping

_CONNECT_S, _REQUEST_S, _ATTEMPTS = 5, 20, 2


class S3Folder:
    """Keeps files as objects, which appear whole. The bucket has to be there. Blocks.

    place: s3://bucket/folder. options: of pyarrow's S3FileSystem. Errors are OSErrors.
    """

    def __init__(self, place: str, options: Mapping[str, Any]) -> None:
        self.place = place
        self._path = place.removeprefix("s3://").rstrip("/")
        self._options = options
        self._s3: Any = None

    def open(self) -> None:
        """Connect, and write an empty object, which readers leave out because of its name."""
        self._s3 = fs.S3FileSystem(
            connect_timeout=_CONNECT_S,
            request_timeout=_REQUEST_S,
            retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=_ATTEMPTS),
            **self._options,
        )
        self.put(".crawlproj", b"")  # to delete it, one would need another right

    def put(self, name: str, data: Any) -> None:
        """Write an object, in place of one of the same name. data: bytes, or a pa.Buffer."""
        with self._s3.open_output_stream(f"{self._path}/{name}") as stream:
            stream.write(data)

    def keep(self, name: str, body: bytes) -> bool:
        """Write an object that is named for its content; return whether it was not there yet."""
        if self._s3.get_file_info(f"{self._path}/{name}").is_file:
            return False
        self.put(name, body)
        return True
