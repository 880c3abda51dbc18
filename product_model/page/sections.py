"""What stands on the page, part by part; every fact is the descriptor's or found in the files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from product_model.contracts.odps import port_version
from product_model.lineage.hops import lineage
from product_model.lineage.picture import lineage_graph, svg
from product_model.page.html import chip, facts, inline, markdown, section, sentence, sql, table, text
from product_model.questions import load_questions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from product_model.descriptor import Objective, OutputPort
    from product_model.lineage.hops import FieldUse
    from product_model.lineage.picture import Graph
    from product_model.product import Product

_ACTIONS = {
    "hide": "hidden",
    "rewrite": "identifiers removed",
    "destroy-key": "key destroyed",
    "expire": "ends by itself",
    "keep": "kept",
}
_SHORT = {"milliseconds": "ms", "minutes": "min"}


def at_a_glance(product: Product) -> str:
    """Return what it is in a few words."""
    descriptor, identity = product.descriptor, product.descriptor.product
    days = sorted({table.retention_days for table in descriptor.tables})
    pairs = [
        ("Domain", f"{sentence(identity.domain)}, {text(identity.sub_domain)}"),
        ("Owner", text(descriptor.owner.name)),
        ("Kind", text(identity.archetype)),
        ("Class", chip(identity.classification, identity.classification)),
        ("Rows are kept", text(f"{', '.join(map(str, days))} days")),
        ("Readers", text(", ".join(descriptor.access.readers))),
    ]
    return section(
        "glance",
        "At a glance",
        f'<dl class="facts">{facts(pairs)}</dl>',
        f'<p class="limits"><strong>What it is not.</strong> {text(identity.limits)}</p>',
    )


def access(product: Product) -> str:
    """Return how to get access, and who has it."""
    teams = product.descriptor.access
    roles = (("Read", teams.readers), ("Write events", teams.writers), ("Administer", teams.admins))
    lists = facts((role, ", ".join(f"<code>{text(team)}</code>" for team in found)) for role, found in roles)
    return section(
        "access", "Getting access", f"<p>{text(teams.request)}</p>", f'<dl class="facts wide">{lists}</dl>'
    )


def tables(product: Product) -> str:
    """Return each port of tables: what to read, and every column with its class and origin."""
    parts = []
    for port in product.descriptor.ports.output:
        if port.kind != "pinot":
            continue
        schema = port.schemas[0]
        parts += [
            f'<h3 id="{port.name}">{sentence(port.name.replace("-", " "))}</h3>',
            f"<p>{text(port.description)}</p>",
            _names(product, schema),
            _columns(product, schema),
        ]
    return section("tables", "Tables and columns", *parts)


def _names(product: Product, schema: str) -> str:
    rows = [
        [f"<code>{text(fact.name)}</code>", "all of the below, behind one name", "as its members"]
        for fact in product.descriptor.logical_tables
        if fact.schema_ == schema
    ]
    rows += [
        [f"<code>{text(fact.name)}</code>", text(fact.row), f"{fact.retention_days} days"]
        for fact in product.descriptor.tables
        if fact.schema_ == schema
    ]
    return table("Tables", ["Table", "A row is", "Kept"], rows)


def _columns(product: Product, schema: str) -> str:
    file = product.schema(schema)
    origins = _origins(product, schema)
    rows = []
    for column in file.columns:
        kind = f" {chip(column.personal_data, 'personal')}" if column.personal_data else ""
        null = "" if column.nullable else ' <span class="never">never null</span>'
        rows.append(
            [
                f"<code>{text(column.name)}</code>",
                f"{text(column.data_type)}{null}",
                chip(column.classification, column.classification) + kind,
                text(column.description),
                _origin(origins.get(column.name, ())),
            ]
        )
    return table("Columns", ["Column", "Type", "Class", "What it holds", "Made from"], rows)


def _origins(product: Product, schema: str) -> Mapping[str, tuple[FieldUse, ...]]:
    streams = [file.fact.name for file in product.tables if file.fact.schema_ == schema and file.table.stream]
    hop = next(hop for hop in lineage(product) if hop.output.name in streams)
    return hop.fields


def _origin(uses: tuple[FieldUse, ...]) -> str:
    """Return fields without their event's name, each once; a hash is told as one."""
    direct = [use for use in uses if use.use != "condition"] or list(uses)
    found: dict[str, str] = {}
    for use in direct:
        path = use.field.partition(".")[2]
        found[path] = " <em>as a hash</em>" if use.masked else ""
    # A path may break after its dots, and nowhere else.
    paths = {path: text(path).replace(".", ".<wbr>") for path in found}
    return ", ".join(f"<code>{paths[path]}</code>{how}" for path, how in found.items())


def picture(product: Product) -> str:
    """Return the lineage as a picture, and the same in words."""
    graph = lineage_graph(product)
    described = (
        "From the payment service over its topic into tables and the archive, and on to the questions."
    )
    return section(
        "lineage",
        "Where it comes from",
        "<p>Found in the functions that the tables run, not drawn by hand. Each column's own origin stands"
        ' beside it above; <a href="lineage/openlineage.json">as OpenLineage</a>,'
        ' <a href="lineage/lineage.mmd">as Mermaid</a>.</p>',
        '<figure class="picture" tabindex="0" role="group" aria-label="Lineage">',
        svg(graph, "Lineage", described),
        "</figure>",
        f"<details><summary>The same in words</summary><ol>{_words(graph)}</ol></details>",
        # A phone shows these in place of the picture, of which it would show a corner.
        f'<ol class="narrow">{_words(graph)}</ol>',
    )


def _words(graph: Graph) -> str:
    lines = []
    for node in graph.nodes:
        before = [f"<code>{text(graph.node(key).name)}</code>" for key in graph.into(node.key)]
        origin = f" from {' and '.join(before)}" if before else ""
        note = f" ({text(node.note)})" if node.note else ""
        lines.append(f"<li>{sentence(node.stage)} <code>{text(node.name)}</code>{note}{origin}</li>")
    return "".join(lines)


def objectives(product: Product) -> str:
    """Return the promises, large."""
    cards = [
        f'<li><span class="figure">{_figure(objective)}</span>'
        f"<strong>{sentence(objective.name.replace('-', ' '))}</strong> {text(objective.description)}"
        f" <small>{_measured(objective)}</small></li>"
        for objective in product.descriptor.objectives
    ]
    return section("objectives", "What is promised", f'<ul class="cards" role="list">{"".join(cards)}</ul>')


def _figure(objective: Objective) -> str:
    if objective.unit == "percent":
        return f"{objective.target:g}<span>%</span>"
    figure, unit = objective.target, _SHORT.get(objective.unit, objective.unit)
    if unit == "ms" and figure >= 1000:  # noqa: PLR2004 - milliseconds
        figure, unit = figure / 1000, "s"
    return f"≤ {figure:g} <span>{text(unit)}</span>"


def _measured(objective: Objective) -> str:
    share = f"{objective.percentile} of 100, " if objective.percentile else ""
    return text(f"{share}over {objective.window.removesuffix('d')} days")


def contracts(product: Product) -> str:
    """Return the contracts with links to their files."""
    source = product.descriptor.ports.input[0]
    rows = [
        _contract(
            source.name,
            product.contract.version,
            "The events as they are published, for those who write them.",
        ),
        *(_port(product, port) for port in product.descriptor.ports.output),
    ]
    identity = product.descriptor.product
    return section(
        "contracts",
        "Contracts",
        table("Contracts (Open Data Contract Standard 3.1)", ["Contract", "Version", "Of what"], rows),
        f'<p>The product as a whole: <a href="contracts/{text(identity.id)}.odps.yaml">Open Data Product'
        f' Standard 1.0</a>. The events: <a href="{text(source.contract)}">AsyncAPI 3</a>, and a JSON Schema'
        " for each: "
        + ", ".join(
            f'<a href="contracts/events/{text(name)}.schema.json">{text(name)}</a>'
            for name in product.contract.messages
        )
        + ".</p>",
    )


def _port(product: Product, port: OutputPort) -> list[str]:
    return _contract(port.name, port_version(product, port), port.description)


def _contract(name: str, version: str, words: str) -> list[str]:
    return [f'<a href="contracts/{text(name)}.odcs.yaml">{text(name)}</a>', text(version), text(words)]


def privacy(product: Product) -> str:
    """Return what happens to personal data, what can be forgotten, and what not."""
    descriptor, erasure = product.descriptor, product.descriptor.erasure
    kinds = [
        [
            text(name),
            f"only a hash (SHA-256, {text(kind.normalization)})" if kind.hashed else "as it is",
            text(kind.why or "nobody reads it by looking; who has a guess can check it"),
        ]
        for name, kind in descriptor.personal_data.items()
    ]
    grounds = {ground.name: ground for ground in erasure.grounds}
    rows = []
    for rule in erasure.rules:
        when = [
            *(["under a legal hold"] if rule.when.legal_hold else []),
            *([f"under a lock ({' or '.join(rule.when.lock)})"] if rule.when.lock else []),
            *([f"with a key for each {' or '.join(rule.when.keys)}"] if rule.when.keys else []),
        ]
        law = grounds[rule.ground].law if rule.ground else "no law keeps it"
        rows.append(
            [
                "<br>".join(f"<code>{text(store)}</code>" for store in rule.stores),
                text(" and ".join(when) or "otherwise"),
                chip(_ACTIONS[rule.action], rule.action),
                text(rule.remains),
                text(law),
            ]
        )
    return section(
        "privacy",
        "Personal data",
        "<p>A plain hash is a pseudonym, not anonymity: under the law it stays personal data, and whoever has"
        " a guess can check it. With a key held elsewhere (the keyed mode) only the key's holder can.</p>",
        table("What is stored of a person", ["Kind", "Stored", "Why"], kinds),
        "<h3>What can be forgotten, and what not</h3>",
        f"<p>On a request by {text(erasure.right)}, answered within {erasure.answer_within_days} days."
        " Nothing here is legal advice; a ground is named so that it can be contested.</p>",
        table(
            "An erasure, store by store",
            ["Store", "When", "What happens", "What remains", "By which law"],
            rows,
        ),
        f'<dl class="facts wide">{facts((g.law, text(g.meaning)) for g in erasure.grounds)}</dl>',
    )


def questions(product: Product) -> str:
    """Return the example queries with their parameters and askers."""
    parts = []
    for question in load_questions(product.directory / "queries"):
        asked = ", ".join(product.descriptor.questions.get(question.name, ()))
        words = "; ".join(
            f"{parameter.name}: {parameter.description}"
            + (f" ({parameter.default})" if parameter.default else "")
            for parameter in question.parameters
        )
        more = f' <span class="quiet">{text(words)}.</span>' if words else ""
        parts.append(
            f"<article><h3>{text(question.number)}. {text(question.title)}</h3>"
            f'<p class="quiet">Asked by {text(asked)}.{more}</p>{sql(question.sql, question.title)}</article>'
        )
    return section("questions", "Questions to start from", *parts)


def glossary(product: Product) -> str:
    """Return the words of the domain."""
    pairs = facts((term.term, text(term.meaning)) for term in product.descriptor.glossary)
    return section("glossary", "Words", f'<dl class="facts words">{pairs}</dl>')


def changes(product: Product) -> str:
    """Return the changelog."""
    path = product.directory / "CHANGELOG.md"
    source = path.read_text(encoding="utf-8") if path.is_file() else ""
    if not source:
        return section("changes", "Changes", f"<p>{inline('There is no `CHANGELOG.md`.')}</p>")
    return section("changes", "Changes", markdown(source, level=3))
