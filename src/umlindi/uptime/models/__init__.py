from umlindi.uptime.models.closed import ClosedFigure, ClosedMonth
from umlindi.uptime.models.objectives import Objective, Terms
from umlindi.uptime.models.windows import Window

__all__ = ["ClosedFigure", "ClosedMonth", "Objective", "Terms", "Window"]
