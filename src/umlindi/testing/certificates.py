"""Certificates made for a test: an authority of its own, and listeners' certificates with any fault wanted."""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass
class Authority:
    """Issues certificates into a folder; `ca_file` is its own, in PEM."""

    folder: Path
    name: str = "Test Authority"

    @cached_property
    def _key(self) -> ec.EllipticCurvePrivateKey:
        return ec.generate_private_key(ec.SECP256R1())

    @cached_property
    def _certificate(self) -> x509.Certificate:
        now = datetime.now(UTC)
        subject = _named(self.name)
        builder = _begun(subject, subject, self._key, (now - timedelta(days=3650), now + timedelta(days=3650)))
        return builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True).sign(
            self._key, hashes.SHA256()
        )

    @cached_property
    def ca_file(self) -> str:
        path = self.folder / "ca.pem"
        path.write_bytes(self._certificate.public_bytes(serialization.Encoding.PEM))
        return str(path)

    def issue(
        self,
        names: Sequence[str] | bytes = ("127.0.0.1", "localhost"),
        starts: float = -1,
        ends: float = 365,
    ) -> str:
        """A PEM file with certificate and key, valid from `starts` to `ends` days from now.

        `names` as bytes stand in the certificate as they are, whether they are DER or not.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        now = datetime.now(UTC)
        span = (now + timedelta(days=starts), now + timedelta(days=ends))
        builder = _begun(_named("listener"), self._certificate.subject, key, span)
        if names:
            builder = builder.add_extension(_alternatives(names), critical=False)
        return self._written(builder.sign(self._key, hashes.SHA256()), key)

    def _written(self, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> str:
        path = self.folder / f"{certificate.serial_number:x}.pem"
        path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        return str(path)


def server_context(pem: str) -> ssl.SSLContext:
    """A listener's context with that certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _begun(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, span: tuple[datetime, datetime]
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(span[0])
        .not_valid_after(span[1])
    )


def _alternatives(names: Sequence[str] | bytes) -> x509.ExtensionType:
    if isinstance(names, bytes):
        return x509.UnrecognizedExtension(x509.OID_SUBJECT_ALTERNATIVE_NAME, names)
    return x509.SubjectAlternativeName([_general(name) for name in names])


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
