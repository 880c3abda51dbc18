"""Every evolution is classed, said, and asks for its version; questions are told what they lose."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from product_model.evolution.__main__ import files_at, files_here, main
from product_model.evolution.rulebook import KINDS, SEVERITIES
from product_model.evolution.surface import Surface, read_surface
from product_model.evolution.verdict import judge, raised
from product_model.product import load_product
from tests.unit.product_model.conftest import PRODUCT, ProductCopy
from tests.unit.product_model.evolutions import (
    ANALYTICS,
    COLUMN,
    DESCRIPTOR,
    EVOLUTIONS,
    NEW,
    both,
    schema,
    text,
)

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.unit

REMOVED = EVOLUTIONS["column removed"][0]


@pytest.fixture
def repository(tmp_path: Path) -> ProductCopy:
    """Give a repository with the product and its outputs, nothing of it committed."""
    shutil.copytree(PRODUCT, tmp_path / "data-product", ignore=shutil.ignore_patterns("monitoring"))
    shutil.copytree(PRODUCT.parent / "payment_outputs", tmp_path / "payment_outputs")
    return ProductCopy(tmp_path / "data-product")


@pytest.fixture(scope="session")
def released() -> Surface:
    return read_surface(files_here(PRODUCT.parent, load_product(PRODUCT)))


def _surface(copy: ProductCopy) -> Surface:
    return read_surface(files_here(copy.directory.parent, load_product(copy.directory)))


@pytest.mark.parametrize("name", EVOLUTIONS)
def test_an_evolution_is_classed_and_said(repository: ProductCopy, released: Surface, name: str) -> None:
    make, severity, said, version = EVOLUTIONS[name]
    make(repository)
    verdict = judge(released, _surface(repository))
    found = {change.what: change for change in verdict.changes}
    assert said in found, list(found)
    change = found[said]
    assert change.rule.severity == severity
    assert change.rule.why
    assert change.rule.instead
    demands = {demand.contract: demand.least for demand in verdict.demands}
    assert demands.get(change.contract, "") == version
    bump = {"breaking": "2.0.0", "risky": "1.1.0", "safe": raised("1.0.0", change.rule.bump)}[severity]
    others = [other.rule.severity for other in verdict.changes]
    if all(SEVERITIES.index(other) >= SEVERITIES.index(severity) for other in others):
        assert demands["the product"] == bump


def test_nothing_changed_asks_for_nothing(released: Surface) -> None:
    verdict = judge(released, released)
    assert (verdict.changes, verdict.demands, verdict.losses) == ((), (), ())


def test_before_the_first_contract_nothing_breaks(released: Surface) -> None:
    verdict = judge(Surface(), released)
    assert verdict.first
    assert not verdict.demands


def test_every_kind_of_change_has_reasons() -> None:
    assert {kind.severity for kind in KINDS.values()} == set(SEVERITIES)
    assert all(kind.why and kind.instead for kind in KINDS.values())
    assert all((kind.severity == "breaking") == (kind.bump == "major") for kind in KINDS.values())


def test_the_versions_that_are_asked_for_are_enough(repository: ProductCopy, released: Surface) -> None:
    REMOVED(repository)
    repository.edit_text(
        DESCRIPTOR,
        "payment-analytics-schema.json\n    version: 1.0.0",
        "payment-analytics-schema.json\n    version: 2.0.0",
    )
    (demand,) = judge(released, _surface(repository)).demands
    assert str(demand) == (
        "the product: product.version of payment-service-data-product.yaml is 1.0.0 (was 1.0.0);"
        " allowed: 2.0.0 or higher, because column merchantId removed (payment_analytics)"
    )
    repository.edit_text(DESCRIPTOR, "  version: 1.0.0\n  released", "  version: 2.0.0\n  released")
    assert judge(released, _surface(repository)).demands == ()


def test_outputs_may_break_in_a_new_version(released: Surface) -> None:
    shape = {**released.outputs}
    del shape["endpoints"]
    broken = replace(released, outputs=shape)
    assert [demand.least for demand in judge(released, broken).demands if demand.contract == "outputs"] == [
        "2"
    ]
    raised_too = replace(broken, output_version=2)
    assert [demand.contract for demand in judge(released, raised_too).demands] == ["the product"]


@pytest.mark.parametrize(
    ("evolution", "losers"),
    [
        ("column removed", {"story-of-a-transaction", "registered-not-booked"}),
        ("column renamed", {"story-of-a-transaction", "registered-not-booked"}),
        ("column widened", {"processing-time-by-type", "story-of-a-transaction"}),
        ("column added", set()),
        (
            "retention shortened",
            {"processing-time-by-type", "story-of-a-transaction", "registered-not-booked"},
        ),
        ("class of personal data lowered", set()),
    ],
)
def test_a_question_is_told_what_it_loses(
    repository: ProductCopy, released: Surface, evolution: str, losers: set[str]
) -> None:
    EVOLUTIONS[evolution][0](repository)
    losses = judge(released, _surface(repository)).losses
    assert {loss.question for loss in losses} == losers
    for loss in losses:
        assert loss.askers
        assert all(asker in str(loss) for asker in loss.askers)


def test_a_reader_who_is_shut_out_loses_the_questions_that_they_ask(
    repository: ProductCopy, released: Surface
) -> None:
    EVOLUTIONS["reader removed"][0](repository)
    losses = judge(released, _surface(repository)).losses
    assert {(loss.question, loss.askers) for loss in losses} == {
        ("success-rate-by-currency", ("finance-team",)),
        ("registered-not-booked", ("finance-team",)),
        ("amounts-by-merchant-and-day", ("finance-team",)),
    }


def test_a_word_in_a_text_of_the_sql_is_no_column(repository: ProductCopy, released: Surface) -> None:
    question = replace(released.questions[0], sql="SELECT 'merchantId' FROM payment_analytics -- merchantId")
    REMOVED(repository)
    assert judge(replace(released, questions=(question,)), _surface(repository)).losses == ()


def _commit(copy: ProductCopy) -> None:
    git = ["git", "-C", str(copy.directory.parent), "-c", "user.name=t", "-c", "user.email=t@example.org"]
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "release"]):
        subprocess.run([*git, *arguments], check=True)


def test_the_command_fails_until_the_versions_are_raised_and_the_changelog_tells(
    repository: ProductCopy, capsys: pytest.CaptureFixture[str]
) -> None:
    _commit(repository)
    run = ["HEAD", "--repository", str(repository.directory.parent)]
    changelog = repository.directory / "CHANGELOG.md"
    before = changelog.read_text(encoding="utf-8")
    assert main(run) == 0
    assert changelog.read_text(encoding="utf-8") == before
    REMOVED(repository)
    assert main([*run, "--check"]) == 1
    said = capsys.readouterr().out
    assert "breaking  payment-analytics: column merchantId removed (payment_analytics)" in said
    assert "why: a query that names it fails" in said
    assert "instead: add a new one beside it" in said
    assert "question registered-not-booked (asked by payment-engineering, finance-team): column" in said
    assert (
        "payment-analytics: the version of its schema or port of payment-service-data-product.yaml is" in said
    )
    assert changelog.read_text(encoding="utf-8") == before
    both(
        text(
            DESCRIPTOR, "  version: 1.0.0\n  released: 2026-11-24", "  version: 2.0.0\n  released: 2027-01-02"
        ),
        text(
            DESCRIPTOR,
            "analytics-schema.json\n    version: 1.0.0",
            "analytics-schema.json\n    version: 2.0.0",
        ),
    )(repository)
    assert main([*run, "--check"]) == 1
    assert "data-product/CHANGELOG.md lacks this; run `make contract-diff BASE" in capsys.readouterr().out
    assert main(run) == 0
    told = changelog.read_text(encoding="utf-8")
    assert "## 2.0.0 (2027-01-02)" in told
    assert "### payment-analytics 2.0.0" in told
    assert (
        "- **breaking** column merchantId removed (payment_analytics): a query that names it fails." in told
    )
    assert told.index("## 2.0.0") < told.index("## 1.0.0")
    assert "First release" in told
    assert main([*run, "--check"]) == 0


def test_words_of_people_in_the_changelog_stay(repository: ProductCopy) -> None:
    _commit(repository)
    run = ["HEAD", "--repository", str(repository.directory.parent)]
    both(
        text(
            DESCRIPTOR, "  version: 1.0.0\n  released: 2026-11-24", "  version: 1.1.0\n  released: 2027-01-02"
        ),
        text(
            DESCRIPTOR,
            "analytics-schema.json\n    version: 1.0.0",
            "analytics-schema.json\n    version: 1.1.0",
        ),
        EVOLUTIONS["column added"][0],
    )(repository)
    assert main(run) == 0
    repository.edit_text("CHANGELOG.md", "## 1.1.0 (2027-01-02)\n", "## 1.1.0 (2027-01-02)\n\nShops come.\n")
    repository.edit_text(DESCRIPTOR, NEW, NEW.replace("shopId", "storeId"))
    repository.edit_text(ANALYTICS, "shopId", "storeId")
    assert main(run) == 0
    told = (repository.directory / "CHANGELOG.md").read_text(encoding="utf-8")
    assert "Shops come." in told
    assert "storeId" in told
    assert "shopId" not in told


def test_an_unknown_revision_is_told(repository: ProductCopy, capsys: pytest.CaptureFixture[str]) -> None:
    _commit(repository)
    assert main(["v9", "--repository", str(repository.directory.parent)]) == 1
    assert "BASE: git has no revision 'v9' here; allowed: a branch, tag or commit" in capsys.readouterr().err


def test_a_revision_from_before_the_product_has_no_files(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("nothing yet\n", encoding="utf-8")
    _commit(ProductCopy(tmp_path / "data-product"))
    assert files_at(tmp_path, "HEAD") == {}


def test_a_released_descriptor_of_another_form_can_be_compared(
    repository: ProductCopy, released: Surface
) -> None:
    repository.edit_text(DESCRIPTOR, "descriptorVersion: 1\n", "descriptorVersion: 0\nunheard: of\n")
    files = {
        path.relative_to(repository.directory.parent).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(repository.directory.parent.rglob("*"))
        if path.suffix in {".json", ".yaml", ".sql"}
    }
    assert judge(read_surface(files), released).changes == ()


def test_the_shape_of_a_schema_change_is_what_it_says() -> None:
    """Guard the table itself: an edit that changes nothing would test nothing."""
    assert NEW not in COLUMN
    assert len(EVOLUTIONS) >= 20
    assert {severity for _, severity, _, _ in EVOLUTIONS.values()} == set(SEVERITIES)
    assert callable(schema(ANALYTICS, len))
