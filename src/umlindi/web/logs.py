"""What a log must not hold: the secrets of links that open a door without an account."""

from __future__ import annotations

import logging
import re

_SECRET = re.compile(r"(/(?:ping|wall|see/link|oncall/calendar)/)[^/\s?]+")


class SecretLinks(logging.Filter):
    """Django names the address of each request that it refuses or that breaks: a wallboard's, each five seconds while
    the database is away. Whoever reads the log must not be able to read, or to report, by it."""

    def filter(self, record: logging.LogRecord) -> bool:
        if hasattr(record, "request") and isinstance(record.args, tuple):
            record.args = tuple(_SECRET.sub(r"\1…", each) if isinstance(each, str) else each for each in record.args)
        return True
