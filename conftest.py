"""What every test may count on. The database and the secrets come from the plugin `umlindi.house.testing`."""

from __future__ import annotations

import pytest
from django.core.cache import cache


@pytest.fixture(autouse=True)
def _no_counted_attempts() -> None:
    """Rate limits count in the cache, which would carry them from one test to the next."""
    cache.clear()
