"""The whole page: head, contents, sections, foot. No script, no font, no picture from elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from product_model.page import sections
from product_model.page.html import chip, text

if TYPE_CHECKING:
    from product_model.product import Product

_STYLE = Path(__file__).with_name("page.css")
_CONTENTS = {
    "access": "Access",
    "tables": "Tables",
    "lineage": "Lineage",
    "objectives": "Promises",
    "contracts": "Contracts",
    "privacy": "Personal data",
    "questions": "Questions",
    "changes": "Changes",
}


def product_page(product: Product) -> str:
    """Return the page as HTML."""
    identity, owner = product.descriptor.product, product.descriptor.owner
    links = "".join(f'<li><a href="#{name}">{title}</a></li>' for name, title in _CONTENTS.items())
    body = "\n".join(
        part(product)
        for part in (
            sections.at_a_glance,
            sections.access,
            sections.tables,
            sections.picture,
            sections.objectives,
            sections.contracts,
            sections.privacy,
            sections.questions,
            sections.glossary,
            sections.changes,
        )
    )
    return f"""<!doctype html>
<html lang="en">
<head>
<!-- Made by `make contracts` from {product.descriptor_document.file}; change that instead. -->
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="description" content="{text(identity.purpose)}">
<title>{text(identity.name)}</title>
<style>
{_STYLE.read_text(encoding="utf-8").strip()}
</style>
</head>
<body>
<a class="skip" href="#main">To the content</a>
<header>
<p class="eyebrow">{text(identity.domain)} · {text(identity.bounded_context)}</p>
<h1>{text(identity.name)}</h1>
<p class="purpose">{text(identity.purpose)}</p>
<p class="chips">{chip(identity.status, identity.status)} {chip(f"version {identity.version}", "plain")}
{chip(f"owned by {owner.name}", "plain")} {chip(identity.classification, identity.classification)}</p>
</header>
<nav aria-label="Contents"><ul>{links}</ul></nav>
<main id="main">
{body}
</main>
<footer><p>Version {text(identity.version)}, published {identity.released.isoformat()}. Made from
<a href="{text(product.descriptor_document.file)}">the descriptor</a>; what it says is held against what is
deployed.</p></footer>
</body>
</html>
"""
