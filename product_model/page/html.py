"""Pieces of HTML: text is escaped here and nowhere else."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_STRONG = re.compile(r"\*\*(.+?)\*\*")
_CODE = re.compile(r"`([^`]+)`")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_WORDS = (
    "SELECT|FROM|WHERE|GROUP BY|ORDER BY|LIMIT|AND|OR|SET|AS|CASE|WHEN|THEN|ELSE|END|IS NOT NULL|IS NULL|"
    "DESC|COUNT|SUM|SUMPRECISION|AVG|PERCENTILE|COALESCE|CAST"
)
_SQL = re.compile(rf"(?P<text>'(?:[^']|'')*')|(?P<place>\{{[a-z_]+\}})|(?P<word>\b(?i:{_WORDS})\b)")


def text(value: object) -> str:
    """Return a value as text in HTML."""
    return escape(str(value), quote=True)


def inline(value: str) -> str:
    """Return a line of Markdown: code and strong words alone."""
    return _STRONG.sub(r"<strong>\1</strong>", _CODE.sub(r"<code>\1</code>", text(value)))


def sentence(value: str) -> str:
    """Return a text that starts like a sentence."""
    return text(value[:1].upper() + value[1:])


def chip(word: str, kind: str) -> str:
    """Return a word in a small coloured frame."""
    return f'<span class="chip {text(kind)}">{text(word)}</span>'


def table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table whose rows become cards where the screen is narrow; cells are HTML already.

    The roles are written out because a table that is laid out as blocks loses its own in some browsers.
    """
    head = "".join(f'<th scope="col" role="columnheader">{text(name)}</th>' for name in heads)
    body = []
    for row in rows:
        first, *others = row
        cells = f'<th scope="row" role="rowheader">{first}</th>' + "".join(
            f'<td role="cell" data-head="{text(name)}"><div>{cell}</div></td>'
            for name, cell in zip(heads[1:], others, strict=True)
        )
        body.append(f'<tr role="row">{cells}</tr>')
    return (
        f'<table role="table"><caption>{text(caption)}</caption>'
        f'<thead role="rowgroup"><tr role="row">{head}</tr></thead>'
        f'<tbody role="rowgroup">{"".join(body)}</tbody></table>'
    )


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    """Return terms with what they mean; meanings are HTML already."""
    return "".join(f"<div><dt>{text(term)}</dt><dd>{meaning}</dd></div>" for term, meaning in pairs)


def section(name: str, title: str, *parts: str) -> str:
    """Return a section with its heading."""
    inner = "\n".join(parts)
    heading = f'<h2 id="{name}-title">{text(title)}</h2>'
    return f'<section id="{name}" aria-labelledby="{name}-title">{heading}\n{inner}</section>'


def sql(statement: str, label: str) -> str:
    """Return SQL with its words told apart; it scrolls by itself, by keyboard too."""

    def marked(found: re.Match[str]) -> str:
        kind = found.lastgroup or ""
        return f'<span class="{kind}">{text(found[0])}</span>'

    parts, end = [], 0
    for found in _SQL.finditer(statement):
        parts += [text(statement[end : found.start()]), marked(found)]
        end = found.end()
    parts.append(text(statement[end:]))
    return f'<pre tabindex="0" role="region" aria-label="{text(label)}"><code>{"".join(parts)}</code></pre>'


def markdown(source: str, *, level: int) -> str:
    """Return the changelog's Markdown: headings, lists, paragraphs. `level` is that of its `##`."""
    found: list[str] = []
    items: list[str] = []
    for block in re.split(r"\n\s*\n", _COMMENT.sub("", source).strip()):
        lines = block.strip().splitlines()
        if lines and lines[0].startswith("- "):
            items += [f"<li>{inline(line.removeprefix('- '))}</li>" for line in lines]
            continue
        if items:
            found.append(f"<ul>{''.join(items)}</ul>")
            items = []
        if lines and lines[0].startswith("#"):
            mark, _, title = lines[0].partition(" ")
            depth = level + len(mark) - 2
            if len(mark) > 1:
                found.append(f"<h{depth}>{inline(title)}</h{depth}>")
        elif lines:
            found.append(f"<p>{inline(' '.join(lines))}</p>")
    return "\n".join([*found, f"<ul>{''.join(items)}</ul>" if items else ""])
