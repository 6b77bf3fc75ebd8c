"""DICOM over TLS against DCMTK: each way a certificate can be wrong, and each side without TLS."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from umlindi.dicom.probe import DicomTarget, probe
from umlindi.probes import Deadline, Grade, Layer, ProbeResult, State
from umlindi.probes.transport import Trust
from umlindi.testing.peers import Peer, start_storescp

NOW = dt.datetime.now(dt.UTC)
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def authority() -> x509.Certificate:
    return build("Umlindi test authority", "Umlindi test authority", -1, 30, None)


def build(subject: str, issuer: str, first_day: int, last_day: int, host: str | None) -> x509.Certificate:
    """A certificate of days from now; without a host it is an authority's."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(name(subject))
        .issuer_name(name(issuer))
        .public_key(KEY.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW + dt.timedelta(days=first_day))
        .not_valid_after(NOW + dt.timedelta(days=last_day))
        .add_extension(x509.BasicConstraints(ca=host is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(KEY.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(KEY.public_key()), critical=False)
    )
    if host:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
    return builder.sign(KEY, hashes.SHA256())


def write(path: Path, certificate: x509.Certificate) -> str:
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return str(path)


@contextmanager
def tls_storescp(folder: Path, certificate: x509.Certificate) -> Iterator[Peer]:
    key = folder / "key.pem"
    key.write_bytes(
        KEY.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        )
    )
    options = ("+tls", str(key), write(folder / "peer.pem", certificate), "--ignore-peer-cert")
    with start_storescp(folder, *options) as peer:
        yield peer


async def climbed(peer: Peer, trust: Trust | None) -> ProbeResult:
    return await probe(DicomTarget("localhost", peer.port, peer.ae, "UMLINDI", tls=trust, canary=False), Deadline(15))


@pytest.fixture
def ca(tmp_path: Path) -> str:
    return write(tmp_path / "ca.pem", authority())


async def test_a_good_certificate_lets_the_ladder_go_on(tmp_path: Path, ca: str) -> None:
    with tls_storescp(tmp_path, build("localhost", "Umlindi test authority", -1, 30, "localhost")) as peer:
        result = await climbed(peer, Trust(ca_file=ca))
    step = result.step("tls")
    assert result.grade is Grade.OK
    assert step is not None
    assert step.evidence["version"].startswith("TLSv1.")


@pytest.mark.parametrize(
    ("first_day", "last_day", "host", "trusted", "code"),
    [
        (-30, -1, "localhost", True, "certificate-expired"),
        (5, 30, "localhost", True, "certificate-not-yet-valid"),
        (-1, 30, "archive.example", True, "hostname-mismatch"),
        (-1, 30, "localhost", False, "unknown-ca"),
    ],
)
async def test_each_wrong_certificate_has_its_code(
    tmp_path: Path, ca: str, first_day: int, last_day: int, host: str, trusted: bool, code: str
) -> None:
    certificate = build(host, "Umlindi test authority", first_day, last_day, host)
    with tls_storescp(tmp_path, certificate) as peer:
        result = await climbed(peer, Trust(ca_file=ca if trusted else None))
        insecure = await climbed(peer, Trust(verify=False))
    failure = result.first_failure()
    assert failure is not None
    assert (failure.step, failure.layer, failure.code) == ("tls", Layer.TLS, code)
    assert {step.state for step in result.steps[3:]} == {State.SKIPPED}
    assert insecure.grade is Grade.OK


async def test_tls_to_a_peer_without_it_fails_at_tls(tmp_path: Path) -> None:
    """DCMTK aborts in plain DICOM, then closes with our bytes unread: whether the reset overtakes it is chance."""
    with start_storescp(tmp_path) as peer:
        result = await climbed(peer, Trust(verify=False))
    failure = result.first_failure()
    assert failure is not None
    assert failure.step == "tls"
    assert failure.code in ("NOT-TLS", "ECONNRESET", "CLOSED")


async def test_plain_dicom_to_a_peer_with_tls_says_that_it_looks_like_tls(tmp_path: Path) -> None:
    with tls_storescp(tmp_path, build("localhost", "Umlindi test authority", -1, 30, "localhost")) as peer:
        result = await climbed(peer, None)
    failure = result.first_failure()
    assert failure is not None
    assert failure.step == "association"
    assert failure.code in ("GARBAGE", "CLOSED", "ECONNRESET")
    assert failure.code != "GARBAGE" or failure.evidence["looks_like"] == "TLS"
