"""What the operating system's and the TLS library's errors mean, as faults."""

from __future__ import annotations

import errno
import socket
import ssl

from umlindi.probes.faults import Fault, Layer, Permanent, Retriable

_OS_MEANINGS = {
    "ECONNREFUSED": "nothing listens on that port, or a firewall rejects it",
    "ECONNRESET": "the peer reset the connection",
    "ECONNABORTED": "the connection was aborted",
    "EHOSTUNREACH": "no route to the host, or it does not answer ARP",
    "EHOSTDOWN": "the host is down",
    "ENETUNREACH": "no route to that network",
    "ENETDOWN": "the network interface is down",
    "ETIMEDOUT": "the peer did not answer the connection request",
    "CLOSED": "the peer closed the connection",
    "EPIPE": "the peer had already closed the connection",
    "EACCES": "the operating system does not permit the connection",
    "EPERM": "the local firewall does not permit the connection",
    "EADDRNOTAVAIL": "that address cannot be reached from this machine",
    "EMFILE": "this process has no file handles left",
    "EAI_NONAME": "no such name in DNS or the hosts file",
    "EAI_NODATA": "the name exists but has no address",
    "EAI_AGAIN": "the name server does not answer",
    "EAI_FAIL": "the name server failed",
}
_PERMANENT_OS = frozenset({"EAI_NONAME", "EAI_NODATA", "EACCES", "EPERM", "EADDRNOTAVAIL"})

# X.509 verification results (OpenSSL x509_vfy.h) that an administrator meets.
_VERIFY_CODES = {
    9: ("certificate-not-yet-valid", "the certificate is not valid yet: check the clocks"),
    10: ("certificate-expired", "a certificate in the chain has expired"),
    18: ("self-signed", "the certificate is self-signed and not trusted here"),
    19: ("unknown-ca", "the chain ends in a root that is not trusted here"),
    20: ("unknown-ca", "the issuer of the certificate is not known here"),
    21: ("unknown-ca", "the chain cannot be built: an intermediate certificate is missing"),
    23: ("certificate-revoked", "the certificate has been revoked"),
    26: ("wrong-purpose", "the certificate is not meant for a server"),
    62: ("hostname-mismatch", "the certificate is for another name"),
    64: ("hostname-mismatch", "the certificate is for another address"),
    66: ("weak-key", "the certificate's key is too weak"),
    68: ("weak-digest", "the certificate is signed with a broken digest"),
}
# Reasons of the TLS library (OpenSSL sslerr.h), as Python's ssl.SSLError.reason has them.
_TLS_REASONS = {
    "WRONG_VERSION_NUMBER": ("NOT-TLS", "the peer does not speak TLS on this port"),
    "HTTP_REQUEST": ("NOT-TLS", "the peer speaks plain HTTP on this port"),
    "RECORD_LAYER_FAILURE": ("NOT-TLS", "the peer does not speak TLS on this port"),
    "UNSUPPORTED_PROTOCOL": ("protocol-version", "no TLS version that both sides permit"),
    "TLSV1_ALERT_PROTOCOL_VERSION": ("protocol-version", "the peer refuses this TLS version"),
    "NO_PROTOCOLS_AVAILABLE": ("protocol-version", "no TLS version is permitted on this machine"),
    "SSLV3_ALERT_HANDSHAKE_FAILURE": ("handshake-failure", "no cipher or parameter that both sides permit"),
    "NO_SHARED_CIPHER": ("handshake-failure", "no cipher that both sides permit"),
    "DH_KEY_TOO_SMALL": ("weak-key", "the peer's Diffie-Hellman key is too weak"),
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": ("client-certificate-required", "the peer asks for a client certificate"),
    "SSLV3_ALERT_BAD_CERTIFICATE": ("client-certificate-refused", "the peer refuses our certificate"),
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": ("client-certificate-refused", "the peer says our certificate has expired"),
    "TLSV1_ALERT_UNKNOWN_CA": ("client-certificate-refused", "the peer does not trust the issuer of our certificate"),
    "TLSV1_UNRECOGNIZED_NAME": ("unrecognised-name", "the peer serves no site of that name"),
}


def os_code(error: OSError) -> str:
    """The name of an operating-system error: `ECONNREFUSED`, `EAI_NONAME`; `TIMEOUT` where only time ran out."""
    if isinstance(error, socket.gaierror):
        return _EAI_NAMES.get(error.errno or 0, "EAI_FAIL")
    if error.errno is not None and error.errno in errno.errorcode:
        return errno.errorcode[error.errno]
    if isinstance(error, TimeoutError):
        return "TIMEOUT"
    return _numberless_code(error)


# EAI_NODATA is obsolete but is what glibc still answers for a name without an address.
_EAI_NAMES = {int(value): name for name, value in vars(socket).items() if name.startswith("EAI_")}


def _numberless_code(error: OSError) -> str:
    """asyncio's own errors carry no number: it calls a connection that the peer closed reset."""
    if isinstance(error, ConnectionResetError):
        return "CLOSED"
    if isinstance(error, BrokenPipeError):
        return "EPIPE"
    return type(error).__name__


def os_fault(error: OSError, doing: str) -> Fault:
    """An operating-system error met while `doing` something, as a transport fault; TLS errors keep their own layer."""
    if isinstance(error, ssl.SSLError):
        return tls_fault(error)
    code = os_code(error)
    meaning = _OS_MEANINGS.get(code) or error.strerror or "the connection failed"
    kind = Permanent if code in _PERMANENT_OS else Retriable
    return kind(Layer.TRANSPORT, code, f"{meaning} ({doing})")


def tls_code(error: ssl.SSLError) -> tuple[str, str]:
    """Code and meaning of a failed handshake: `certificate-expired`, `unknown-ca`, `hostname-mismatch`, `NOT-TLS`…"""
    if isinstance(error, ssl.SSLCertVerificationError):
        named = _VERIFY_CODES.get(error.verify_code)
        return named or (f"verify-{error.verify_code}", error.verify_message or "the certificate does not verify")
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return "CLOSED", "the peer closed the connection during the TLS handshake"
    reason = error.reason or "handshake-failure"
    return _TLS_REASONS.get(reason, (reason.lower().replace("_", "-"), "the TLS handshake failed"))


def tls_fault(error: ssl.SSLError) -> Fault:
    """A failed handshake as a fault. Closing in mid-handshake may pass; everything else needs a change."""
    code, meaning = tls_code(error)
    kind = Retriable if code == "CLOSED" else Permanent
    return kind(Layer.TLS, code, meaning)
