"""`python -m product_model.contracts`: writes what the product publishes; --check only compares (exit 1)."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from product_model.contracts.published import COMMAND, published_files, published_no_longer, read
from product_model.errors import ProductError
from product_model.product import load_product

_PRODUCT = Path(__file__).resolve().parents[2] / "data-product"


def main(arguments: list[str] | None = None) -> int:
    """Write the published files of a product's directory, and delete those that it no longer publishes."""
    parser = argparse.ArgumentParser(prog="python -m product_model.contracts", description=__doc__)
    parser.add_argument("directory", nargs="?", type=Path, default=_PRODUCT, help="the product's directory")
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a file would change")
    options = parser.parse_args(arguments)
    try:
        files = published_files(load_product(options.directory))
    except ProductError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    stale = [name for name, text in files.items() if read(options.directory / name) != text]
    left = published_no_longer(options.directory, files)
    for name in stale:
        _say(f"{'stale' if options.check else 'written'}: {name}")
        if not options.check:
            path = options.directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(files[name], encoding="utf-8")
    for name in left:
        _say(f"{'published no longer' if options.check else 'deleted'}: {name}")
        if not options.check:
            (options.directory / name).unlink()
    _say(f"{len(files) - len(stale)} of {len(files)} files were as they should be")
    if options.check and (stale or left):
        _say(f"run `{COMMAND}`, and commit what it writes")
        return 1
    return 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
