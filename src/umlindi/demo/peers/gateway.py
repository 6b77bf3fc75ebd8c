"""A TLS gateway in front of a PACS's web port, with a certificate authority of its own."""

from __future__ import annotations

import ipaddress
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from umlindi.demo.ground import write_atomically
from umlindi.demo.peers.simulated import Relay

_YEARS = timedelta(days=3650)
_USUAL = timedelta(days=300)
# How long a new certificate is still valid under each fault.
_LEFT = {"certificate-expired": timedelta(days=-2), "certificate-expiring": timedelta(days=6, hours=6)}

Key = ec.EllipticCurvePrivateKey


class Authority:
    """Issues certificates for `localhost` and 127.0.0.1. Its own certificate lies at `certificate_file`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.certificate_file = folder / "ca.pem"
        self._key, self._certificate = self._load() or self._create()

    def issue(self, left: timedelta, now: datetime) -> Path:
        """A PEM file with a new key, its certificate that ends `left` from now, and the authority's."""
        key = ec.generate_private_key(ec.SECP256R1())
        ends = now + left
        builder = _builder("gateway.ubuntu.example", key, ends - timedelta(days=365), ends)
        names = x509.SubjectAlternativeName(
            [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        )
        purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        builder = builder.issuer_name(self._certificate.subject).add_extension(names, critical=False)
        builder = builder.add_extension(purpose, critical=False).add_extension(issuer, critical=False)
        certificate = builder.sign(self._key, hashes.SHA256())
        path = self._folder / "gateway.pem"
        _write(path, key, certificate, self._certificate)
        return path

    def _load(self) -> tuple[Key, x509.Certificate] | None:
        path = self._folder / "authority.pem"
        if not path.exists():
            return None
        pem = path.read_bytes()
        key = serialization.load_pem_private_key(pem, None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            return None
        return key, x509.load_pem_x509_certificate(pem)

    def _create(self) -> tuple[Key, x509.Certificate]:
        now = datetime.now(UTC)
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder("Umlindi demo authority", key, now - timedelta(days=1), now + _YEARS)
        builder = builder.issuer_name(_name("Umlindi demo authority"))
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        builder = builder.add_extension(_signs_certificates(), critical=True)
        subject_key = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        certificate = builder.add_extension(subject_key, critical=False).sign(key, hashes.SHA256())
        _write(self._folder / "authority.pem", key, certificate)
        write_atomically(self.certificate_file, certificate.public_bytes(serialization.Encoding.PEM).decode())
        return key, certificate


def _signs_certificates() -> x509.KeyUsage:
    names = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
    others = dict.fromkeys((*names, "encipher_only", "decipher_only"), False)
    return x509.KeyUsage(key_cert_sign=True, crl_sign=True, **others)


def _name(common: str) -> x509.Name:
    organisation = x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Ubuntu Radiology (invented)")
    return x509.Name([organisation, x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _builder(common: str, key: Key, begins: datetime, ends: datetime) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder().subject_name(_name(common)).public_key(key.public_key())
    return builder.serial_number(x509.random_serial_number()).not_valid_before(begins).not_valid_after(ends)


def _write(path: Path, key: Key, *certificates: x509.Certificate) -> None:
    form = serialization.PrivateFormat.PKCS8
    pem = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    path.touch(0o600)
    path.write_bytes(pem + b"".join(each.public_bytes(serialization.Encoding.PEM) for each in certificates))


class Gateway(Relay):
    """Speaks TLS 1.2 or later and passes plain HTTP on. Its certificate follows the faults without a restart."""

    def __init__(self, system: str, port: int, to_port: int, folder: Path) -> None:
        super().__init__(system, "image gateway (TLS proxy of our own)", port, to_port)
        self.authority = Authority(folder)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.minimum_version = ssl.TLSVersion.TLSv1_2
        self.tls = self._context

    async def apply(self, faults: frozenset[str]) -> None:
        """Present a certificate as old as the faults ask for; an expired one outranks an expiring one."""
        left = min((_LEFT[fault] for fault in faults if fault in _LEFT), default=_USUAL)
        self._context.load_cert_chain(self.authority.issue(left, datetime.now(UTC)))
        await super().apply(faults)
