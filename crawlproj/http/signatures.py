"""Signs requests, so that sites can tell this crawler from those that only use its name.

HTTP Message Signatures (RFC 9421) with Ed25519 in the profile of Web Bot Auth: a signature covers
the authority and where the public key is, so one serves all requests to a site until it expires.
"""

from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64encode
from collections import OrderedDict
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from crawlproj.bounded import put
from crawlproj.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_LIFETIME_S = 3600
_SPARE_S = 60  # a signature that is about to expire may do so on its way
_MAX_AUTHORITIES = 10_000
_LABEL = "sig1"


def signature_base(components: Mapping[str, str], parameters: str) -> bytes:
    """Return what is signed (RFC 9421 §2.5).

    components: names, such as "@authority", and values. parameters: those of Signature-Input.
    """
    lines = [f'"{name}": {value}' for name, value in components.items()]
    return "\n".join([*lines, f'"@signature-params": {parameters}']).encode()


class Signer:
    """Signs with an Ed25519 key.

    agent: the https URL of the site with the key's directory. clock: Unix time in seconds.
    """

    def __init__(self, key: Ed25519PrivateKey, agent: str, clock: Callable[[], float]) -> None:
        self._key = key
        self._agent = f'"{agent}"'
        self._clock = clock
        self.jwk = {
            "crv": "Ed25519",
            "kty": "OKP",
            "x": _base64url(key.public_key().public_bytes_raw()),
        }
        canonical = json.dumps(self.jwk, separators=(",", ":"), sort_keys=True)
        self.key_id = _base64url(sha256(canonical.encode()).digest())  # RFC 7638, RFC 8037 §A.3
        self._made: OrderedDict[str, tuple[float, dict[str, str]]] = OrderedDict()

    @property
    def directory(self) -> str:
        """The JSON that ``agent`` serves at /.well-known/http-message-signatures-directory."""
        return json.dumps({"keys": [self.jwk | {"kid": self.key_id, "use": "sig"}]}, indent=2)

    def headers(self, authority: str) -> Mapping[str, str]:
        """Return the headers of a request to ``authority``, a host in lower case.

        It has a port unless that is the scheme's default.
        """
        now = self._clock()
        expires_at, headers = self._made.get(authority, (0.0, {}))
        if expires_at <= now:
            headers = self._signed(authority, int(now))
            until = int(now) + _LIFETIME_S - _SPARE_S
            put(self._made, authority, (until, headers), _MAX_AUTHORITIES)
        return headers

    def _signed(self, authority: str, now: int) -> dict[str, str]:
        components = {"@authority": authority, "signature-agent": self._agent}
        names = " ".join(f'"{name}"' for name in components)
        parameters = (
            f'({names});created={now};keyid="{self.key_id}";alg="ed25519"'
            f';expires={now + _LIFETIME_S};tag="web-bot-auth"'
        )
        signature = self._key.sign(signature_base(components, parameters))
        return {
            "Signature-Agent": self._agent,
            "Signature-Input": f"{_LABEL}={parameters}",
            "Signature": f"{_LABEL}=:{b64encode(signature).decode()}:",
        }


def key_from_file(path: str) -> Ed25519PrivateKey:
    """Return the private key in a PEM file. Raises ConfigError."""
    how = "Write one with: openssl genpkey -algorithm ed25519 -out key.pem"
    try:
        key = load_pem_private_key(Path(path).read_bytes(), password=None)
    except OSError as exc:
        raise ConfigError(
            f"WEB_BOT_AUTH_KEY={path} cannot be read: {exc.strerror}. {how}"
        ) from None
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ConfigError(
            f"WEB_BOT_AUTH_KEY={path} is not a private key without a password. {how}"
        ) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigError(f"WEB_BOT_AUTH_KEY={path} is not an Ed25519 key. {how}")
    return key


def _base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
