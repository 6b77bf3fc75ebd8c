"""Faults below and around imaging: HTTP, databases, the operating system."""

from __future__ import annotations

import sqlite3
import ssl
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from umlindi.diagnosis.tests.recording import answering, records, run
from umlindi.testing.peers import free_port, start_orthanc


class _Answer(BaseHTTPRequestHandler):
    status = 500

    def do_GET(self) -> None:
        self.send_error(self.status)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet: the client's side is what is recorded."""


def curl_of(status: int, path: str) -> str:
    handler = type("Answer", (_Answer,), {"status": status})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        said = run("curl", "-sv", f"http://127.0.0.1:{server.server_port}{path}")
        server.shutdown()
        return said


for _code, _rule in {401: "sign-in-refused", 404: "web-path-wrong", 502: "web-service-fails"}.items():

    def _refused(_: Path, code: int = _code) -> str:
        return curl_of(code, "/dicom-web/studies")

    records(f"curl-{_code}", "curl against an HTTP server", _rule)(_refused)


@records("curl-wado-404", "curl against an HTTP server", "study-not-found")
def _(_: Path) -> str:
    return curl_of(404, "/wado?requestType=WADO&studyUID=1.2.3")


@records("curl-silent", "curl against a server that never answers", "web-silent")
def _(_: Path) -> str:
    with answering(None) as port:
        return run("curl", "-sSv", "--max-time", "2", f"http://127.0.0.1:{port}/dicom-web/studies")


@records("curl-not-http", "curl against a server that does not speak HTTP", "web-answer-unexpected")
def _(_: Path) -> str:
    with answering(b"@RSYNCD: 31.0\n", hang_up=True) as port:
        return run("curl", "-sSv", f"http://127.0.0.1:{port}/dicom-web/studies")


@records("curl-healthy", "curl against Orthanc")
def _(folder: Path) -> str:
    with start_orthanc(folder) as peer:
        return run("curl", "-sv", f"{peer.url}/dicom-web/studies")


@records("psql-refused", "PostgreSQL psql", "database-refuses")
def _(_: Path) -> str:
    return run("psql", "-h", "127.0.0.1", "-p", str(free_port()), "-U", "orthanc", "orthanc", "-c", "SELECT 1")


@records("sqlite-locked", f"SQLite {sqlite3.sqlite_version} in Python", "database-contention")
def _(folder: Path) -> str:
    holder, other = (sqlite3.connect(folder / "index.db", timeout=0, isolation_level=None) for _ in range(2))
    holder.execute("CREATE TABLE t (x)")
    holder.execute("BEGIN EXCLUSIVE")
    return said_by(lambda: other.execute("INSERT INTO t VALUES (1)"))


@records("sqlite-no-table", f"SQLite {sqlite3.sqlite_version} in Python", "database-query-fails")
def _(folder: Path) -> str:
    return said_by(lambda: sqlite3.connect(folder / "index.db").execute("SELECT * FROM studies"))


@records("python-no-route", "Python on Linux", "no-route")
def _(_: Path) -> str:
    return run(sys.executable, "-c", "import socket; socket.create_connection(('255.255.255.255', 104), 2)")


@records("python-disk-full", "Python on Linux", "storage-full")
def _(_: Path) -> str:
    return run(sys.executable, "-c", "open('/dev/full', 'w').write('x' * 100000)")


@records("python-resolver", "Python on Linux", "name-not-resolved")
def _(_: Path) -> str:
    return run(sys.executable, "-c", "import socket; socket.getaddrinfo('pacs.hospital.invalid', 104)")


@records("python-port-taken", "Python on Linux", "own-port-taken")
def _(_: Path) -> str:
    with answering(None) as port:
        return run(sys.executable, "-c", f"import socket; socket.create_server(('127.0.0.1', {port}))")


@records("python-weak-key", "Python ssl", "certificate-weak")
def _(folder: Path) -> str:
    key, cert = str(folder / "weak.key"), str(folder / "weak.pem")
    run("openssl", "req", "-x509", "-newkey", "rsa:1024", "-nodes", "-keyout", key, "-out", cert, "-subj", "/CN=old")
    return said_by(lambda: ssl.create_default_context().load_cert_chain(cert, key))


def said_by(call: Callable[[], object]) -> str:
    """A Python error as a log has it."""
    try:
        call()
    except (sqlite3.Error, OSError) as error:
        return f"ERROR {type(error).__module__}.{type(error).__name__}: {error}\n"
    return ""
