"""`./bench watch`: the loop, the readings, the alerts. Each part says what it does and measures."""

from __future__ import annotations

from benchmarks import watch_alerts, watch_loop, watch_readings
from benchmarks.report import finish, together


def main() -> None:
    whole = together([watch_loop.measure(), watch_alerts.measure(), watch_readings.measure()])
    finish("watch", figures=whole.figures, peers=whole.peers, ratios=whole.ratios, targets=whole.targets)


if __name__ == "__main__":
    main()
