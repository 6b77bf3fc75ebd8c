"""Umlindi: the one who keeps watch. PACS administration and support as a contract that proves itself."""

__version__ = "0.1.0"
