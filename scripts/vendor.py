"""Copy what the pages load out of node_modules into the package's folder of static files.

    python scripts/vendor.py NODE_MODULES

Runs with the virtual environment's Python, whose `umlindi` may be a checkout or an installed copy.
"""

from __future__ import annotations

import importlib.util
import shutil
import sys
from pathlib import Path

PLEX = tuple(
    f"@ibm/plex-{family.lower()}/fonts/complete/woff2/IBMPlex{family}-{weight}.woff2"
    for family in ("Sans", "Mono")
    for weight in ("Regular", "SemiBold")
)
WANTED = {
    "htmx": ("htmx.org/dist/htmx.min.js", "htmx.org/LICENSE"),
    "uplot": ("uplot/dist/uPlot.iife.min.js", "uplot/dist/uPlot.min.css", "uplot/LICENSE"),
    "plex": (*PLEX, "@ibm/plex-sans/LICENSE.txt"),
}


def main(modules: Path) -> None:
    spec = importlib.util.find_spec("umlindi")
    if spec is None or spec.origin is None:
        sys.exit("umlindi is not installed in this Python")
    vendor = Path(spec.origin).parent / "web" / "vendor"
    draft = vendor.with_name("vendor.new")
    shutil.rmtree(draft, ignore_errors=True)
    for folder, files in WANTED.items():
        (draft / folder).mkdir(parents=True)
        for file in files:
            shutil.copy(modules / file, draft / folder)
    shutil.rmtree(vendor, ignore_errors=True)
    draft.rename(vendor)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
