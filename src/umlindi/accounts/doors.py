"""The doors, under the name every room knows them by. They live in core, whose own pages stand behind them too."""

from umlindi.core.doors import Request, needs, public, signed_in

__all__ = ["Request", "needs", "public", "signed_in"]
