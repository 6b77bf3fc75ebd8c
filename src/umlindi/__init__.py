"""Umlindi: the one who keeps watch. PACS administration and support as a contract that proves itself."""

__version__ = "0.2.0"
