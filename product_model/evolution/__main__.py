"""`python -m product_model.evolution BASE`: what changed since a revision; exit 1 where a version is too low.

Writes the entry of data-product/CHANGELOG.md; with --check it only says that the entry is not there (exit 1).
"""

from __future__ import annotations

import argparse
import io
import subprocess
import sys
import tarfile
from pathlib import Path

from product_model.contracts.published import contract_files
from product_model.errors import ProductError
from product_model.evolution.changelog import entry, with_entry
from product_model.evolution.rulebook import SEVERITIES
from product_model.evolution.surface import OUTPUTS, PRODUCT, Surface, read_surface
from product_model.evolution.verdict import Verdict, judge
from product_model.product import Product, load_product

_REPOSITORY = Path(__file__).resolve().parents[2]
_COMMAND = "make contract-diff BASE=<revision>"


class NoSuchRevisionError(Exception):
    """Git knows no such revision, or not its files."""


def main(arguments: list[str] | None = None) -> int:
    """Judge the working tree against a revision."""
    parser = argparse.ArgumentParser(prog="python -m product_model.evolution", description=__doc__)
    parser.add_argument("base", help="the release to compare with: a branch, tag or commit")
    parser.add_argument("--repository", type=Path, default=_REPOSITORY, help="the repository's directory")
    parser.add_argument(
        "--check", action="store_true", help="write nothing; fail when the changelog lacks it"
    )
    options = parser.parse_args(arguments)
    try:
        before = read_surface(files_at(options.repository, options.base))
        product = load_product(options.repository / PRODUCT)
    except (NoSuchRevisionError, ProductError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    after = read_surface(files_here(options.repository, product))
    verdict = judge(before, after)
    _report(verdict, options.base)
    told = (
        verdict.first
        or not verdict.changes
        or _tell(options.repository, product, verdict, after, options.check)
    )
    return 1 if verdict.demands or not told else 0


def files_at(repository: Path, base: str) -> dict[str, str]:
    """Return the files of a revision that others hold in their hands."""
    known = _git(repository, "rev-parse", "--verify", "--quiet", f"{base}^{{commit}}")
    if known.returncode != 0:
        message = (
            f"BASE: git has no revision {base!r} here; allowed: a branch, tag or commit that was fetched"
        )
        raise NoSuchRevisionError(message)
    listed = _git(repository, "ls-tree", "--name-only", base).stdout.decode().splitlines()
    folders = [folder for folder in (PRODUCT, OUTPUTS) if folder.rstrip("/") in listed]
    if not folders:
        return {}
    archive = _git(repository, "archive", "--format=tar", base, *folders)
    files = {}
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as tar:
        for member in tar:
            content = tar.extractfile(member) if member.isfile() else None
            if content is not None and member.name.endswith((".json", ".yaml", ".sql")):
                files[member.name] = content.read().decode()
    return files


def files_here(repository: Path, product: Product) -> dict[str, str]:
    """Return the same of the working tree, published files as they would be made now."""
    files = {
        path.relative_to(repository).as_posix(): path.read_text(encoding="utf-8")
        for folder in (PRODUCT, OUTPUTS)
        for path in sorted((repository / folder).rglob("*"))
        if path.suffix in {".json", ".yaml", ".sql"}
        and not path.is_relative_to(repository / PRODUCT / "contracts")
    }
    return files | {f"{PRODUCT}{name}": text for name, text in contract_files(product).items()}


def _git(repository: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["git", "-C", str(repository), *arguments], capture_output=True, check=False)


def _report(verdict: Verdict, base: str) -> None:
    if verdict.first:
        _say(f"{base} published no contract: this is the first release, and nothing can break")
        return
    for severity in SEVERITIES:
        for change in verdict.changes:
            if change.rule.severity == severity:
                _say(f"{severity:>8}  {change.contract}: {change.what}", f"          why: {change.rule.why}")
                if severity != "safe":
                    _say(f"          instead: {change.rule.instead}")
    counts = [sum(change.rule.severity == severity for change in verdict.changes) for severity in SEVERITIES]
    _say(", ".join(f"{count} {severity}" for count, severity in zip(counts, SEVERITIES, strict=True)))
    if verdict.losses:
        _say("What questions lose:", *(f"  {loss}" for loss in verdict.losses))
    if verdict.demands:
        _say("Versions that are too low:", *(f"  {demand}" for demand in verdict.demands))


def _tell(repository: Path, product: Product, verdict: Verdict, after: Surface, check: bool) -> bool:  # noqa: FBT001 - a flag of the command
    """Write the changelog's entry, or say that it is missing."""
    path = repository / PRODUCT / "CHANGELOG.md"
    facts = product.descriptor.product
    found = path.read_text(encoding="utf-8") if path.is_file() else "# Changelog\n\n"
    wanted = with_entry(found, facts.version, facts.released.isoformat(), entry(verdict, after))
    if found == wanted:
        return True
    if check:
        _say(f"{PRODUCT}CHANGELOG.md lacks this; run `{_COMMAND}`, and commit what it writes")
        return False
    path.write_text(wanted, encoding="utf-8")
    _say(f"written: {PRODUCT}CHANGELOG.md, the entry of {facts.version}")
    return True


def _say(*lines: str) -> None:
    for line in lines:
        sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
