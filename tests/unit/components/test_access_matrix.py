"""docs/access.md, and the users behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pulumi
import pytest

from components.access_matrix import access_page
from components.table_users import TableUsers, TableUsersArgs, logins
from product_model import load_product
from tests.unit.components.stack_files import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

    from product_model import Product

    Build = Callable[[Callable[[], object]], Any]

pytestmark = pytest.mark.unit

PAGE = ROOT / "docs" / "access.md"


@pytest.fixture(scope="module")
def product() -> Product:
    return load_product(ROOT / "data-product")


def test_the_page_is_up_to_date(product: Product) -> None:
    assert PAGE.read_text(encoding="utf-8") == access_page(product), "run `make access` and commit it"


def test_the_page_says_who_reads_what(product: Product) -> None:
    lines = access_page(product).splitlines()
    head = next(line for line in lines if line.startswith("|  |"))
    reads = next(line for line in lines if line.startswith("| `payment_analytics`"))
    changes = next(line for line in lines if line.startswith("| everything, at the controller"))
    cells = dict(
        zip(head.split(" | "), zip(reads.split(" | "), changes.split(" | "), strict=True), strict=True)
    )
    assert cells["finance-team"] == ("read", "-")
    assert cells["platform-engineering"] == ("-", "change")
    assert cells["payment-engineering"] == ("read", "change")
    assert cells["anonymous |"] == ("- |", "- |")


def test_no_reader_who_is_no_admin_has_a_login_at_the_controller(product: Product) -> None:
    access = product.descriptor.access
    by_component = {
        component: {login.team for login in logins(product.descriptor) if login.component == component}
        for component in ("BROKER", "CONTROLLER", "SERVER")
    }
    assert by_component == {"BROKER": set(access.readers), "CONTROLLER": set(access.admins), "SERVER": set()}


def test_every_user_has_a_password_of_its_own_which_is_secret(product: Product, build: Build) -> None:
    def make() -> None:
        args = TableUsersArgs(descriptor=product.descriptor, rotation=3, timeout_seconds=60)
        TableUsers("users", args, pulumi.ResourceOptions())

    program = build(make)
    names = program.names("User")
    assert sorted(names) == sorted(program.names("Password"))
    assert len(names) == len(logins(product.descriptor))
    for name in names:
        assert "password" in program.one("User", name).secret_inputs
        assert program.one("Password", name).inputs["rotation"] == 3
