"""Requests are signed as RFC 9421 and Web Bot Auth say."""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from crawlproj.errors import ConfigError
from crawlproj.http.signatures import Signer, key_from_file, signature_base

if TYPE_CHECKING:
    from pathlib import Path

# RFC 9421 §B.1.4.
PEM = """-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF
-----END PRIVATE KEY-----
"""
AGENT = "https://bot.example.org"


class Clock:
    now = 1_735_689_600.5

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def pem(tmp_path: Path) -> Path:
    path = tmp_path / "key.pem"
    path.write_text(PEM)
    return path


def test_the_signature_is_that_of_the_rfcs_example(pem: Path) -> None:
    # RFC 9421 §B.2.6.
    components = {
        "date": "Tue, 20 Apr 2021 02:07:55 GMT",
        "@method": "POST",
        "@path": "/foo",
        "@authority": "example.com",
        "content-type": "application/json",
        "content-length": "18",
    }
    parameters = (
        '("date" "@method" "@path" "@authority" "content-type" "content-length")'
        ';created=1618884473;keyid="test-key-ed25519"'
    )
    signature = key_from_file(str(pem)).sign(signature_base(components, parameters))
    assert b64encode(signature).decode() == (
        "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw=="
    )


def test_the_key_is_named_by_its_thumbprint(pem: Path) -> None:
    signer = Signer(key_from_file(str(pem)), AGENT, Clock())
    # RFC 9421 §B.1.4 and its thumbprint in draft-meunier-web-bot-auth-architecture.
    assert signer.jwk["x"] == "JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs"
    assert signer.key_id == "poqkLGiymh_W0uP6PZFw-dvez3QJT5SolqXBCW38r0U"
    (key,) = json.loads(signer.directory)["keys"]
    assert (key["kid"], key["kty"]) == (signer.key_id, "OKP")
    assert "d" not in key, "the private part"


def test_the_headers_verify_with_the_public_key_for_their_authority_only(pem: Path) -> None:
    key = key_from_file(str(pem))
    headers = Signer(key, AGENT, Clock()).headers("example.com:8443")
    label, _, parameters = headers["Signature-Input"].partition("=")
    assert parameters == (
        '("@authority" "signature-agent");created=1735689600'
        ';keyid="poqkLGiymh_W0uP6PZFw-dvez3QJT5SolqXBCW38r0U";alg="ed25519";expires=1735693200'
        ';tag="web-bot-auth"'
    )
    assert headers["Signature-Agent"] == '"https://bot.example.org"'
    found = re.fullmatch(rf"{label}=:([^:]+):", headers["Signature"])
    assert found is not None
    signature = b64decode(found[1])
    for authority, right in (("example.com:8443", True), ("example.com", False)):
        covered = {"@authority": authority, "signature-agent": '"https://bot.example.org"'}
        base = signature_base(covered, parameters)
        if right:
            key.public_key().verify(signature, base)
        else:
            with pytest.raises(InvalidSignature):
                key.public_key().verify(signature, base)


def test_a_signature_serves_its_authority_until_shortly_before_it_expires(pem: Path) -> None:
    clock = Clock()
    signer = Signer(key_from_file(str(pem)), AGENT, clock)
    first = signer.headers("a.org")
    clock.now += 3500
    assert signer.headers("a.org") is first
    assert signer.headers("b.org") != first
    clock.now += 60
    assert signer.headers("a.org") != first


def test_a_key_that_cannot_be_used_is_an_error_that_says_how_to_write_one(tmp_path: Path) -> None:
    other = X25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    (tmp_path / "x25519.pem").write_bytes(other)
    (tmp_path / "text.pem").write_text("no key")
    for name, why in (
        ("missing.pem", "cannot be read: No such file"),
        ("text.pem", "is not a private key"),
        ("x25519.pem", "is not an Ed25519 key"),
    ):
        with pytest.raises(ConfigError, match=why) as caught:
            key_from_file(str(tmp_path / name))
        assert "openssl genpkey -algorithm ed25519" in str(caught.value)
