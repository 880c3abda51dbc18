"""`python -m product_model.monitoring`: write rules and dashboards; with --check say which differ."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from product_model.errors import ProductError
from product_model.monitoring.generate import load_monitoring
from product_model.product import load_product

_PRODUCT = Path(__file__).resolve().parents[2] / "data-product"


def main(arguments: list[str] | None = None) -> int:
    """Return 0 when all is written or as it should be, 1 when a file is wrong."""
    parser = argparse.ArgumentParser(prog="python -m product_model.monitoring", description=__doc__)
    parser.add_argument("directory", nargs="?", type=Path, default=_PRODUCT, help="the product's directory")
    parser.add_argument("--check", action="store_true", help="write nothing, tell what is not up to date")
    options = parser.parse_args(arguments)
    try:
        files = load_monitoring(load_product(options.directory)).files()
    except ProductError as error:
        sys.stdout.write(f"{error}\n")
        return 1
    stale = [name for name, text in files.items() if _content(options.directory / name) != text]
    for name in stale:
        if options.check:
            sys.stdout.write(f"{name} is not what the descriptor asks for; run `make monitoring`\n")
        else:
            (options.directory / name).parent.mkdir(parents=True, exist_ok=True)
            (options.directory / name).write_text(files[name], encoding="utf-8")
            sys.stdout.write(f"wrote {name}\n")
    return 1 if options.check and stale else 0


def _content(file: Path) -> str | None:
    return file.read_text(encoding="utf-8") if file.exists() else None


if __name__ == "__main__":
    sys.exit(main())
