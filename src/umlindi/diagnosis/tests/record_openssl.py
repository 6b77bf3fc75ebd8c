"""Handshakes that fail, as OpenSSL tells them."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from umlindi.diagnosis.tests.recording import answering, records, run
from umlindi.testing.peers import free_port


def certificate(folder: Path, name: str, *options: str) -> tuple[str, str]:
    key, cert = str(folder / f"{name}.key"), str(folder / f"{name}.pem")
    subject = ("-subj", "/CN=pacs.hospital.example", "-addext", "subjectAltName=DNS:pacs.hospital.example")
    run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, *subject, *options)
    return key, cert


@contextmanager
def s_server(folder: Path, key: str, cert: str, *options: str) -> Iterator[int]:
    port = free_port()
    command = ["openssl", "s_server", "-accept", str(port), "-key", key, "-cert", cert, "-quiet", *options]
    with (folder / "server.log").open("wb") as output:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=output, stderr=output)
    try:
        time.sleep(0.5)
        yield port
    finally:
        process.kill()
        process.wait()


def s_client(port: int, *options: str) -> str:
    return run("openssl", "s_client", "-connect", f"127.0.0.1:{port}", *options)


@records("openssl-healthy", "OpenSSL s_client")
def _(folder: Path) -> str:
    key, cert = certificate(folder, "good", "-days", "90")
    with s_server(folder, key, cert) as port:
        return s_client(port, "-CAfile", cert, "-brief")


@records("openssl-expired", "OpenSSL s_client", "certificate-expired")
def _(folder: Path) -> str:
    key, cert = certificate(folder, "old", "-days", "1")
    with s_server(folder, key, cert) as port:
        return s_client(port, "-CAfile", cert, "-attime", str(int(time.time()) + 5 * 86400), "-brief")


@records("openssl-not-yet-valid", "OpenSSL s_client", "certificate-not-yet-valid")
def _(folder: Path) -> str:
    key, cert = certificate(folder, "new", "-days", "90")
    with s_server(folder, key, cert) as port:
        return s_client(port, "-CAfile", cert, "-attime", str(int(time.time()) - 5 * 86400), "-brief")


@records("openssl-unknown-ca", "OpenSSL s_client", "unknown-ca")
def _(folder: Path) -> str:
    key, cert = certificate(folder, "self", "-days", "90")
    with s_server(folder, key, cert) as port:
        return s_client(port, "-brief")


@records("openssl-hostname", "OpenSSL s_client", "hostname-mismatch")
def _(folder: Path) -> str:
    key, cert = certificate(folder, "other", "-days", "90")
    with s_server(folder, key, cert) as port:
        return s_client(port, "-CAfile", cert, "-verify_hostname", "archive.clinic.example", "-brief")


@records("openssl-not-tls", "OpenSSL s_client", "not-tls")
def _(_: Path) -> str:
    with answering(b"SSH-2.0-OpenSSH_9.2\r\n") as port:
        return s_client(port)


@records("openssl-version", "OpenSSL s_client", "tls-version-too-old")
def _(folder: Path) -> str:
    key, cert = certificate(folder, "modern", "-days", "90")
    with s_server(folder, key, cert, "-tls1_3") as port:
        return s_client(port, "-tls1_2")


@records("openssl-client-certificate", "OpenSSL s_client", "client-certificate-needed")
def _(folder: Path) -> str:
    key, cert = certificate(folder, "mutual", "-days", "90")
    with s_server(folder, key, cert, "-Verify", "1", "-CAfile", cert, "-verify_return_error") as port:
        return s_client(port, "-CAfile", cert) + (folder / "server.log").read_text(errors="replace")


@records("openssl-ciphers", "OpenSSL s_client", "tls-handshake-failed")
def _(folder: Path) -> str:
    key, cert = certificate(folder, "picky", "-days", "90")
    with s_server(folder, key, cert, "-tls1_2", "-cipher", "ECDHE-RSA-AES256-GCM-SHA384") as port:
        return s_client(port, "-tls1_2", "-cipher", "AES128-SHA256")


@records("openssl-key-mismatch", "OpenSSL s_server", "own-certificate-files")
def _(folder: Path) -> str:
    key, _cert = certificate(folder, "one", "-days", "90")
    _key, cert = certificate(folder, "two", "-days", "90")
    with s_server(folder, key, cert):
        time.sleep(0.5)
    return (folder / "server.log").read_text(errors="replace")
