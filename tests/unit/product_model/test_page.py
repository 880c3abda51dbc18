"""The page tells what the files say, needs nothing from elsewhere, and lets no text become markup."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest

from product_model import load_questions
from product_model.contracts.published import published_files
from product_model.page.html import inline, markdown, sql, table
from product_model.page.page import product_page
from tests.unit.product_model.conftest import PRODUCT

if TYPE_CHECKING:
    from product_model import Product
    from tests.unit.product_model.conftest import ProductCopy

pytestmark = pytest.mark.unit

DESCRIPTOR = "payment-service-data-product.yaml"
VOID = {"meta", "br", "wbr"}
DRAWN = {"path", "rect", "text", "g", "svg", "title", "desc"}


class _Outline(HTMLParser):
    """Tags that open and close, ids, links, what a page loads, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.headings: list[int] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag not in VOID:
            self.open.append(tag)
        if values.get("id"):
            self.ids.append(str(values["id"]))
        if tag == "a":
            self.links.append(str(values["href"]))
        if tag in {"script", "link", "img", "iframe"} or "src" in values:
            self.loaded.append(tag)
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in DRAWN, (tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def page(product: Product) -> str:
    return product_page(product)


@pytest.fixture(scope="module")
def outline(page: str) -> _Outline:
    return _Outline(page)


def test_the_page_is_well_formed_and_loads_nothing(page: str, outline: _Outline) -> None:
    assert outline.open == []
    assert outline.loaded == []
    assert "url(" not in page
    assert "@import" not in page
    assert len(outline.ids) == len(set(outline.ids))
    assert outline.headings[0] == 1
    assert outline.headings.count(1) == 1
    steps = zip(outline.headings, outline.headings[1:], strict=False)
    assert all(after <= before + 1 for before, after in steps)


def test_every_link_leads_somewhere(product: Product, outline: _Outline) -> None:
    published = published_files(product)
    for link in outline.links:
        if link.startswith("#"):
            assert link.removeprefix("#") in outline.ids
        else:
            assert link in published or (PRODUCT / link).is_file(), link


def test_the_page_tells_every_column_with_its_class(product: Product, page: str, outline: _Outline) -> None:
    for schema in product.schemas:
        for column in schema.columns:
            assert f"<code>{column.name}</code>" in page
            assert column.description in outline.text
    restricted = sum(column.classification == "restricted" for s in product.schemas for column in s.columns)
    assert page.count('<span class="chip restricted">restricted</span>') == restricted + 2


def test_the_page_tells_people_promises_questions_and_words(product: Product, outline: _Outline) -> None:
    descriptor = product.descriptor
    said = " ".join(outline.text.split())
    for fact in (
        descriptor.product.purpose,
        descriptor.product.limits,
        descriptor.access.request,
        descriptor.owner.name,
        *descriptor.access.readers,
        *(objective.description for objective in descriptor.objectives),
        *(term.meaning for term in descriptor.glossary),
        *(rule.remains for rule in descriptor.erasure.rules),
        *(ground.law for ground in descriptor.erasure.grounds),
    ):
        assert fact in said, fact
    for question in load_questions(PRODUCT / "queries"):
        assert " ".join(question.sql.split()) in said
    assert "≤ 1 s" in said
    assert "First release" in said


def test_text_of_the_descriptor_is_no_markup(product_copy: ProductCopy) -> None:
    product_copy.edit_text(DESCRIPTOR, "Who pays.", "<script>alert(1)</script> & co")
    page = product_page(product_copy.load())
    assert "<script>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; co" in page


def test_pieces_escape_what_they_are_given() -> None:
    assert inline("`a<b` and **<b>**") == "<code>a&lt;b</code> and <strong>&lt;b&gt;</strong>"
    assert "&lt;" in sql("SELECT a FROM b WHERE a < 'x<y'", "x")
    assert '<span class="text">&#x27;x&lt;y&#x27;</span>' in sql("SELECT 'x<y'", "x")
    assert '<span class="word">as</span>' in sql("SELECT a as b", "x")
    assert 'data-head="Be"><div>2</div>' in table("A table", ["Ah", "Be"], [["1", "2"]])


def test_markdown_knows_headings_lists_and_paragraphs() -> None:
    found = markdown(
        "# Top\n\nWords\nof two lines.\n\n## 1.0\n\n<!-- not shown -->\n### part\n\n- **a** `b`\n- c\n",
        level=3,
    )
    assert found == (
        "<p>Words of two lines.</p>\n<h3>1.0</h3>\n<h4>part</h4>\n"
        "<ul><li><strong>a</strong> <code>b</code></li><li>c</li></ul>"
    )
