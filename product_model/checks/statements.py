"""Rules on what is said and published about the product: it must say what the descriptor says.

Nothing here decides whether the product can be deployed; a pull request fails by it.
"""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING

from product_model.checks import RULES as DEPLOYED_RULES
from product_model.checks.rule import Finding, Rule, listed
from product_model.contracts.published import COMMAND, published_files, published_no_longer, read
from product_model.documents import Document
from product_model.errors import ProductError
from product_model.questions import load_questions

if TYPE_CHECKING:
    from product_model.checks.rule import Findings
    from product_model.product import Product

_DAY_MS = 86_400_000
_README = "README.md"


def published(product: Product) -> Findings:
    """See that published files are what the descriptor and the events' contract make of them."""
    files = published_files(product)
    for name, text in files.items():
        found = read(product.directory / name)
        if found is None:
            yield Finding(Document(name, None, {}), (), "it is not there", f"what `{COMMAND}` writes")
        elif found != text:
            pairs = zip_longest(found.splitlines(), text.splitlines())
            line = next((number for number, (one, other) in enumerate(pairs, 1) if one != other), 1)
            what = f"it was changed by hand, or not made anew after a change (first in line {line})"
            yield Finding(Document(name, None, {(): line}), (), what, f"what `{COMMAND}` writes")
    for name in published_no_longer(product.directory, files):
        allowed = f"no such file: `{COMMAND}` deletes it"
        yield Finding(Document(name, None, {}), (), "nothing publishes it", allowed)


def contract_says(product: Product) -> Findings:
    """See that the events' contract tells the descriptor's owner, content type and retention."""
    port, owner = product.descriptor.ports.input[0], product.descriptor.owner.name
    document, content = product.contract_document, product.contract_document.content
    ((name, channel),) = content["channels"].items()
    place = ("channels", name)
    kafka = channel["bindings"]["kafka"]["topicConfiguration"]
    contact = content.get("info", {}).get("contact", {}).get("name")
    if contact != owner:
        yield Finding(document, ("info", "contact"), f"found {contact!r}", repr(owner))
    if content.get("defaultContentType") != port.content_type:
        found = content.get("defaultContentType")
        yield Finding(document, ("defaultContentType",), f"found {found!r}", repr(port.content_type))
    kept_ms = port.retention_days * _DAY_MS
    if kafka.get("retention.ms") != kept_ms:
        found = kafka.get("retention.ms")
        here = (*place, "bindings", "kafka", "topicConfiguration", "retention.ms")
        yield Finding(document, here, f"found {found}", f"{kept_ms}: {port.retention_days} days")
    if f"Kept {port.retention_days} days." not in channel.get("description", ""):
        allowed = f"Kept {port.retention_days} days."
        yield Finding(document, (*place, "description"), "it tells another retention", allowed)


def lineage(product: Product) -> Findings:
    """Every table is written by the job that reads what the table is fed from."""
    document, steps = product.descriptor_document, product.descriptor.lineage
    topic = product.descriptor.ports.input[0].topic
    archives = {port.name for port in product.descriptor.ports.output if port.kind == "s3"}
    for file in product.tables:
        jobs = [step for step in steps if file.fact.name in step.writes]
        if len(jobs) != 1:
            what = f"{file.fact.name} is written by {listed(step.job for step in jobs)}"
            yield Finding(document, ("lineage",), what, "one job")
            continue
        wanted = {topic} if file.table.stream else archives
        if not wanted & set(jobs[0].reads):
            place = ("lineage", steps.index(jobs[0]), "reads")
            what = (
                f"{file.fact.name} is fed from {listed(wanted)}, {jobs[0].job} reads {listed(jobs[0].reads)}"
            )
            yield Finding(document, place, what, listed(wanted))


def questions(product: Product) -> Findings:
    """See that every question has its readers, and every reader's question is there."""
    document, asked = product.descriptor_document, product.descriptor.questions
    try:
        known = {question.name for question in load_questions(product.directory / "queries")}
    except ProductError as error:
        yield Finding(Document(error.file, None, {}), (error.key,), error.what, error.allowed)
        return
    for name in sorted(known - asked.keys()):
        yield Finding(document, ("questions",), f"nobody asks {name!r}", "the readers who ask it")
    for name in sorted(asked.keys() - known):
        yield Finding(document, ("questions", name), f"there is no question {name!r}", listed(known))
    silent = sorted(
        set(product.descriptor.access.readers) - {team for teams in asked.values() for team in teams}
    )
    for team in silent:
        yield Finding(document, ("questions",), f"the reader {team!r} asks nothing", "at least one question")


def readme(product: Product) -> Findings:
    """See that the readers' page tells the descriptor's names, days, objectives and questions."""
    text = read(product.directory / _README)
    page = Document(_README, None, {})
    if text is None:
        yield Finding(page, (), "it is not there", "the readers' page")
        return
    rows = [line for line in text.splitlines() if line.startswith("|")]
    for words in _row_words(product):
        if not any(all(word in row for word in words) for row in rows):
            key, *others = words
            has = any(key in row for row in rows)
            what = f"the row of {key} lacks what the descriptor says" if has else f"no row tells of {key}"
            yield Finding(page, (), what, ", ".join(others))
    for sentence in _sentences(product):
        if sentence not in text:
            yield Finding(page, (), "it lacks a fact of the descriptor", repr(sentence))


def _row_words(product: Product) -> list[tuple[str, ...]]:
    descriptor = product.descriptor
    found: list[tuple[str, ...]] = [
        (f"`{table.name}`", f"{table.retention_days} days |") for table in descriptor.tables
    ]
    found += [(f"`{table.name}`", "as their members") for table in descriptor.logical_tables]
    for objective in descriptor.objectives:
        figure = f"{objective.target:g} %"
        if objective.unit == "milliseconds":
            seconds = objective.target >= 1000  # noqa: PLR2004 - milliseconds
            figure = f"{objective.target / 1000:g} s" if seconds else f"{objective.target:g} ms"
        share = (f"{objective.percentile} %",) if objective.percentile else ()
        days = f"{objective.window.removesuffix('d')} days |"
        found.append((f"| {objective.name.removeprefix('query-')} |", figure, *share, days))
    for question in load_questions(product.directory / "queries"):
        told = [
            f"{parameter.name} ({parameter.default})"
            if parameter.default and parameter.name != "rows"
            else parameter.name
            for parameter in question.parameters
        ]
        table = question.sql.split("FROM ")[1].split()[0]
        found.append((f"| {question.number} |", f"`{table}`", *told))
    return found


def _sentences(product: Product) -> list[str]:
    facts, access = product.descriptor.product, product.descriptor.access
    return [
        f"Domain *{facts.domain}*, sub-domain *{facts.sub_domain}*",
        f"bounded context *{facts.bounded_context}*",
        f"by {product.descriptor.owner.name}; classified *{facts.classification}*.",
        f"Readers: {', '.join(access.readers)}.",
        f"stored within {product.descriptor.deduplication.memory_days} days",
        f"archive loads ({product.descriptor.offline_loads.worst_lag_days} days)",
    ]


STATEMENT_RULES = (
    Rule("published", "readers hold a contract that is not kept", published),
    Rule("contract-says", "producers read other promises than the product needs", contract_says),
    Rule("lineage", "somebody looks for a column's origin in the wrong program", lineage),
    Rule("questions", "nobody is told that their question will break", questions),
    Rule("readme", "readers are told what is not so", readme),
)
ALL_RULES: tuple[Rule, ...] = (*DEPLOYED_RULES, *STATEMENT_RULES)
"""What must hold before a release."""
