"""Probing what a TLS listener shows: its chain, its names, its expiry and the protocol versions it accepts."""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
import warnings
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from umlindi.probes import Deadline, Fault, Ladder, Layer, Permanent, ProbeResult
from umlindi.probes.transport import Reached, Trust, connection, handshake, place, reach, skip_all

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

_UPPER = [(name, Layer.TLS) for name in ("chain", "name", "expiry", "versions")]
_VERSIONS = {
    "TLSv1.0": ssl.TLSVersion.TLSv1,
    "TLSv1.1": ssl.TLSVersion.TLSv1_1,
    "TLSv1.2": ssl.TLSVersion.TLSv1_2,
    "TLSv1.3": ssl.TLSVersion.TLSv1_3,
}
# BCP 195 (RFC 8996, RFC 9325): 1.0 and 1.1 must not be negotiated.
_RETIRED = frozenset({"TLSv1.0", "TLSv1.1"})
# OpenSSL x509_vfy.h X509_V_FLAG_NO_CHECK_TIME; Python has no name for it.
_NO_CHECK_TIME = 0x200000
_VERSION_AT_MOST = 3.0


@dataclass(frozen=True, slots=True)
class TlsTarget:
    """A TLS port. `server_name` is the name the certificate must be for, where it is not `host`."""

    host: str
    port: int
    server_name: str | None = None
    ca_file: str | None = None
    warn_days: int = 30
    samples: int = 3

    @property
    def expected_name(self) -> str:
        return self.server_name or self.host


async def probe(target: TlsTarget, deadline: Deadline) -> ProbeResult:
    """Steps: resolve, tcp, handshake, chain, name, expiry, versions.

    Everything above the handshake is climbed whatever its neighbours say: an untrusted chain still has an expiry.
    """
    ladder = Ladder("tls", place(target.host, target.port))
    peer = await reach(ladder, target.host, target.port, deadline, samples=target.samples)
    if peer is None:
        skip_all(ladder, [("handshake", Layer.TLS), *_UPPER])
        return ladder.result()
    certificate = await _handshake(ladder, peer, target, deadline)
    if certificate is None:
        skip_all(ladder, _UPPER)
        return ladder.result()
    now = datetime.now(UTC)
    await _chain(ladder, peer, target, _in_date(certificate, now), deadline)
    _name(ladder, target.expected_name, certificate)
    _expiry(ladder, certificate, target.warn_days, now)
    await _versions(ladder, peer, target, deadline)
    return ladder.result()


async def _handshake(ladder: Ladder, peer: Reached, target: TlsTarget, deadline: Deadline) -> Certificate | None:
    """Any version, any cipher, no verification: to see what is there."""
    with ladder.step("handshake", Layer.TLS) as rung:
        context = _lenient(ssl.TLSVersion.MINIMUM_SUPPORTED, ssl.TLSVersion.MAXIMUM_SUPPORTED)
        async with handshake(peer.address, deadline, context, target.expected_name) as (_, writer):
            shaken = writer.get_extra_info("ssl_object")
            version, cipher = shaken.version(), shaken.cipher()
            der = shaken.getpeercert(binary_form=True)
        if der is None:
            raise Permanent(Layer.TLS, "no-certificate", "the peer shows no certificate")
        rung.says("", version, version=version, cipher=cipher[0] if cipher else None)
        return _loaded(der)
    return None


def _loaded(der: bytes) -> Certificate:
    from cryptography import x509  # noqa: PLC0415 - 60 ms that only this probe needs

    try:
        return x509.load_der_x509_certificate(der)
    except ValueError as error:
        raise Permanent(Layer.TLS, "bad-certificate", "the certificate cannot be read") from error


def _lenient(lowest: ssl.TLSVersion, highest: ssl.TLSVersion) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        # Naming a retired version is the point here.
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version, context.maximum_version = lowest, highest
    return context


def _in_date(certificate: Certificate, now: datetime) -> bool:
    return certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc


async def _chain(ladder: Ladder, peer: Reached, target: TlsTarget, in_date: bool, deadline: Deadline) -> None:
    """Whether the chain leads to a trusted root.

    Where the server's own certificate is out of date, time is left out of the question: the step `expiry` says so, and
    a trusted chain must not look untrusted because of it.
    """
    with ladder.step("chain", Layer.TLS) as rung:
        context = Trust(ca_file=target.ca_file).context()
        context.check_hostname = False
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.set_ciphers("ALL:@SECLEVEL=0")
        if not in_date:
            context.verify_flags |= _NO_CHECK_TIME
        async with connection(peer.address, deadline, context, target.expected_name):
            rung.says("", "the chain leads to a trusted root")


def _name(ladder: Ladder, expected: str, certificate: Certificate) -> None:
    with ladder.step("name", Layer.TLS) as rung:
        names = subject_alternatives(certificate)
        if not any(covers(name, expected) for name in names):
            meaning = f"the certificate is for {', '.join(names) or 'no name at all'}, not for {expected}"
            raise Permanent(Layer.TLS, "hostname-mismatch", meaning, expected=expected, names=names)
        rung.says("", expected, expected=expected, names=names)


def subject_alternatives(certificate: Certificate) -> list[str]:
    """DNS names and addresses of subjectAltName. The common name has not counted since RFC 6125.

    Raises `bad-certificate` where the extensions, which are read only now, are not what they should be.
    """
    from cryptography import x509  # noqa: PLC0415 - see above

    unreadable = (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType)
    try:
        alternatives = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    except unreadable as error:
        raise Permanent(Layer.TLS, "bad-certificate", "the certificate's names cannot be read") from error
    names = alternatives.get_values_for_type(x509.DNSName)
    return [*names, *map(str, alternatives.get_values_for_type(x509.IPAddress))]


def covers(pattern: str, name: str) -> bool:
    """RFC 9525 §6.3: a wildcard stands for exactly one whole label, the leftmost."""
    if _address(pattern) or _address(name):
        return _address(pattern) == _address(name)
    wanted, offered = (text.lower().rstrip(".").split(".") for text in (name, pattern))
    if offered[0] == "*" and len(offered) > 2:
        return offered[1:] == wanted[1:] and len(wanted) == len(offered)
    return offered == wanted


def _address(text: str) -> str | None:
    try:
        return str(ipaddress.ip_address(text.strip("[]")))
    except ValueError:
        return None


def _expiry(ladder: Ladder, certificate: Certificate, warn_days: int, now: datetime) -> None:
    """Evidence: `not_before`, `not_after` (ISO 8601, UTC), `days_left` (whole days, negative once expired)."""
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    days_left = (ends - now) // timedelta(days=1)
    evidence = {"not_before": begins.isoformat(), "not_after": ends.isoformat(), "days_left": days_left}
    with ladder.step("expiry", Layer.TLS) as rung:
        if now > ends:
            raise Permanent(
                Layer.TLS, "certificate-expired", f"expired {_days((now - ends) // timedelta(days=1))} ago", **evidence
            )
        if now < begins:
            meaning = f"not valid before {begins:%Y-%m-%d %H:%M} UTC: check the clocks"
            raise Permanent(Layer.TLS, "certificate-not-yet-valid", meaning, **evidence)
        if days_left < warn_days:
            rung.complains("expires-soon", f"expires in {_days(days_left)}", **evidence)
        else:
            rung.says("", f"valid for {_days(days_left)} more", **evidence)


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"


async def _versions(ladder: Ladder, peer: Reached, target: TlsTarget, deadline: Deadline) -> None:
    """Evidence: `accepted`, `refused`, `unknown` (no answer). Retired versions that are accepted are a complaint."""
    with ladder.step("versions", Layer.TLS) as rung:
        answers = await asyncio.gather(*[_tried(peer, version, target, deadline) for version in _VERSIONS.values()])
        told = {
            kind: [name for name, answer in zip(_VERSIONS, answers, strict=True) if answer == kind]
            for kind in ("accepted", "refused", "unknown")
        }
        retired = [name for name in told["accepted"] if name in _RETIRED]
        if retired:
            rung.complains("old-protocol", f"still accepts {' and '.join(retired)}, retired by BCP 195", **told)
        else:
            rung.says("", ", ".join(told["accepted"]), **told)


async def _tried(peer: Reached, version: ssl.TLSVersion, target: TlsTarget, deadline: Deadline) -> str:
    """Any refusal is a no, whatever its form; silence is neither."""
    soon = Deadline(deadline.within(_VERSION_AT_MOST))
    try:
        async with connection(peer.address, soon, _lenient(version, version), target.expected_name):
            return "accepted"
    except Fault as fault:
        return "unknown" if fault.code == "TIMEOUT" else "refused"
