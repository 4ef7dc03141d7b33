"""Certificates made for one test run: an authority, and who it vouches for, as PEM files."""

from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Final, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from app.shell.safe_clock import wall_clock

_LASTS: Final = timedelta(days=1)
_SKEW: Final = timedelta(hours=1)


class Pair(NamedTuple):
    """A certificate with its key. `together`: both in one file, as Kafka's PEM key store wants them."""

    certificate: Path
    key: Path
    together: Path


class Authority:
    """Signs certificates for 127.0.0.1; `certificate` is what trusts it."""

    def __init__(self, folder: Path, name: str = "makegood-tests") -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named(name)
        self.certificate = folder / f"{name}-authority.pem"
        made = (
            self._begun(name, self._key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(self._key, SHA256())
        )
        self.certificate.write_bytes(made.public_bytes(Encoding.PEM))

    def vouch(self, name: str) -> Pair:
        """Return a pair whose subject is `CN=name`, for servers on 127.0.0.1 and for clients."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = (
            self._begun(name, key.public_key())
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
            .sign(self._key, SHA256())
        )
        certificate = made.public_bytes(Encoding.PEM)
        secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        pair = Pair(*(self._folder / f"{name}{end}" for end in (".pem", ".key", ".both.pem")))
        for path, content in zip(pair, (certificate, secret, secret + certificate), strict=True):
            path.write_bytes(content)
        return pair

    def _begun(self, name: str, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        now = datetime.fromtimestamp(wall_clock() / 1000, UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(_named(name))
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _SKEW)
            .not_valid_after(now + _LASTS)
        )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
