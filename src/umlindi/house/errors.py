"""What can keep the product from starting, each with one sentence for a person and one exit code for a script."""

from __future__ import annotations


class HouseError(Exception):
    """One clear sentence that says what is wrong and what to do. `exit_code` is documented in docs/running.md."""

    exit_code = 1


class HomeError(HouseError):
    """The home folder cannot be used: not writable, full, or not a folder."""

    exit_code = 10


class HomeBusy(HouseError):
    """Another `umlindi up` holds the home folder."""

    exit_code = 11


class PortTaken(HouseError):
    """The web server's port answers to somebody else, or may not be bound."""

    exit_code = 12


class DatabaseError(HouseError):
    """PostgreSQL is missing, of the wrong version, or does not start."""

    exit_code = 13


class SchemaMismatch(HouseError):
    """The database's schema is newer than this code, or cannot be brought up to it."""

    exit_code = 14


class ServiceFailed(HouseError):
    """A process of ours does not come up."""

    exit_code = 15
