"""The lineage as a picture: a graph of places, laid out from left to right, as SVG and as Mermaid."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING

from product_model.lineage.hops import Place, lineage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from product_model.product import Product

_WIDTH, _GAP, _HEIGHT, _SPACE, _MARGIN = 158, 42, 56, 14, 8
_LINE = 20
_SOURCE = "source"
_STAGES = (_SOURCE, "topic", "table", "archive", "archive table", "logical table", "question")
# A stage is a column of the picture; what is read from the archive stands one further right than it.
_COLUMN = {
    _SOURCE: 0,
    "topic": 1,
    "table": 2,
    "archive": 2,
    "archive table": 3,
    "logical table": 4,
    "question": 5,
}


@dataclass(frozen=True)
class Node:
    """A box: its stage, its name, a word below it."""

    key: str
    stage: str
    name: str
    note: str


@dataclass(frozen=True)
class Graph:
    """Boxes and who feeds whom."""

    nodes: tuple[Node, ...]
    edges: tuple[tuple[str, str], ...]

    def into(self, key: str) -> list[str]:
        """Return the boxes that feed a box."""
        return [start for start, end in self.edges if end == key]

    def node(self, key: str) -> Node:
        """Return a box by its key."""
        return next(node for node in self.nodes if node.key == key)


def lineage_graph(product: Product) -> Graph:
    """Return the graph of a product: the archive is one box, a question's readers stand below it."""
    topic = product.descriptor.ports.input[0].topic
    archives = [port.name for port in product.descriptor.ports.output if port.kind == "s3"]
    kept = {table.name: f"{table.retention_days} days" for table in product.descriptor.tables}
    kept |= dict.fromkeys(archives, f"{product.descriptor.archive.kept_days} days")
    kept[topic] = f"{product.descriptor.ports.input[0].retention_days} days"
    offline = {table.name for table in product.descriptor.tables if table.kind == "archive"}
    nodes: dict[str, Node] = {}
    edges: dict[tuple[str, str], None] = {}

    def put(place: Place, note: str = "") -> str:
        stage = "archive table" if place.name in offline else place.kind
        name = archives[0] if stage == "archive" else place.name
        key = f"{stage}:{name}"
        nodes.setdefault(key, Node(key, stage, name, note or kept.get(name, "")))
        return key

    for step in product.descriptor.lineage:
        if topic in step.writes and not step.reads and step.by == product.descriptor.owner.name:
            key = f"{_SOURCE}:{step.job}"
            nodes[key] = Node(key, _SOURCE, step.job, step.by)
            edges[key, put(Place("topic", topic))] = None
    for hop in lineage(product):
        end = put(hop.output, ", ".join(hop.readers))
        for place in hop.inputs:
            edges[put(place), end] = None
    ordered = sorted(nodes.values(), key=lambda node: _STAGES.index(node.stage))
    return Graph(tuple(ordered), tuple(edges))


def mermaid(graph: Graph) -> str:
    """Return the graph as a Mermaid flowchart."""
    shapes = {
        "topic": '[("{}")]',
        "archive": '[("{}")]',
        "logical table": '{{{{"{}"}}}}',
        "question": '(["{}"])',
    }
    names = {node.key: f"n{number}" for number, node in enumerate(graph.nodes)}
    lines = ["flowchart LR"]
    for node in graph.nodes:
        label = f"{node.name}<br/>{node.note}" if node.note else node.name
        shape = shapes.get(node.stage, '["{}"]')
        lines.append(f"  {names[node.key]}{shape.format(label)}")
    lines += [f"  {names[start]} --> {names[end]}" for start, end in graph.edges]
    return "\n".join(lines) + "\n"


def svg(graph: Graph, title: str, description: str) -> str:
    """Return the graph as SVG; its colours are the page's (classes by stage)."""
    ways = _ways(graph)
    places = _laid_out(graph, ways)
    width = max(x for x, _ in places.values()) + _WIDTH + _MARGIN
    height = max(y for _, y in places.values()) + _HEIGHT / 2 + _MARGIN
    paths = [_path([places[key] for key in way]) for way in ways]
    boxes = [_box(node, *places[node.key]) for node in graph.nodes]
    named = 'role="img" aria-labelledby="picture-title picture-words"'
    return "\n".join(
        [
            f'<svg class="lineage" viewBox="0 0 {width:g} {height:g}" {named}>',
            f'<title id="picture-title">{escape(title)}</title>',
            f'<desc id="picture-words">{escape(description)}</desc>',
            '<g class="edges">',
            *paths,
            "</g>",
            *boxes,
            "</svg>",
        ]
    )


def _ways(graph: Graph) -> list[list[str]]:
    """Return each edge as the places that it goes through: a lane in every column that it passes.

    Edges that leave the same box share their lanes, so that nothing is drawn behind another box.
    """
    ways = []
    for start, end in graph.edges:
        first, last = (_COLUMN[graph.node(key).stage] for key in (start, end))
        ways.append([start, *(f"{start}>{number}" for number in range(first + 1, last)), end])
    return ways


def _laid_out(graph: Graph, ways: Sequence[Sequence[str]]) -> dict[str, tuple[float, float]]:
    """Return left edge and middle of every box and lane: as high as what feeds it, and pushed apart."""
    columns: dict[int, dict[str, None]] = {}
    for node in sorted(graph.nodes, key=lambda node: not _joins(graph, node.key)):
        columns.setdefault(_COLUMN[node.stage], {})[node.key] = None
    before: dict[str, list[str]] = {}
    for way in ways:
        first = _COLUMN[graph.node(way[0]).stage]
        for number, (start, end) in enumerate(pairwise(way), first + 1):
            before.setdefault(end, []).append(start)
            if end not in columns[number]:
                columns[number][end] = None
    full = max(sum(_height(key) + _SPACE for key in keys) for keys in columns.values()) - _SPACE
    places: dict[str, tuple[float, float]] = {}
    for number in sorted(columns):
        wanted = {key: _mean(before.get(key, ()), places, full / 2) for key in columns[number]}
        order = sorted(wanted, key=wanted.__getitem__)
        middles = _apart([wanted[key] for key in order], [_height(key) for key in order], full)
        for key, middle in zip(order, middles, strict=True):
            places[key] = (_MARGIN + number * (_WIDTH + _GAP), _MARGIN + middle)
    return places


def _joins(graph: Graph, key: str) -> bool:
    """Whether a box feeds a logical table, at once or by others: those stand together."""
    ends = [end for start, end in graph.edges if start == key]
    return any(graph.node(end).stage == "logical table" or _joins(graph, end) for end in ends)


def _height(key: str) -> float:
    return 0 if ">" in key else _HEIGHT


def _mean(keys: Sequence[str], places: Mapping[str, tuple[float, float]], otherwise: float) -> float:
    found = [places[key][1] - _MARGIN for key in keys if key in places]
    return sum(found) / len(found) if found else otherwise


def _apart(wanted: Sequence[float], heights: Sequence[float], full: float) -> list[float]:
    """Return middles in order, near what is wanted, a space between one and the next, inside the picture."""
    found: list[float] = []
    end = -float(_SPACE)
    for middle, height in zip(wanted, heights, strict=True):
        found.append(max(middle, end + _SPACE + height / 2))
        end = found[-1] + height / 2
    # What was pushed down moves half of the way back up, with all that stands below it.
    pushed = max((have - want for want, have in zip(wanted, found, strict=True)), default=0)
    up = min(max(pushed / 2, end - full), found[0] - heights[0] / 2)
    return [middle - up for middle in found]


def _path(points: Sequence[tuple[float, float]]) -> str:
    """Return a line from the first box's right side through lanes to the last box's left side."""
    x, y = points[0][0] + _WIDTH, points[0][1]
    drawn = [f"M{x:g} {y:g}"]
    for number, (to_x, to_y) in enumerate(points[1:], 1):
        bend = (to_x - x) / 2
        drawn.append(f"C{x + bend:g} {y:g} {to_x - bend:g} {to_y:g} {to_x:g} {to_y:g}")
        x, y = to_x, to_y
        if number < len(points) - 1:
            x += _WIDTH
            drawn.append(f"H{x:g}")
    return f'<path d="{"".join(drawn)}"/>'


def _box(node: Node, x: float, y: float) -> str:
    lines = _lines(node.name)
    shown = [(line, "name") for line in lines]
    if node.note:
        shown.append((_noted(node.note), "note"))
    middle = x + _WIDTH / 2
    top = y - (len(shown) - 1) * 7.5 + 4
    texts = "".join(
        f'<text class="{kind}" x="{middle:g}" y="{top + number * 15:g}">{escape(_short(text))}</text>'
        for number, (text, kind) in enumerate(shown)
    )
    stage = node.stage.replace(" ", "-")
    box = f'<rect x="{x:g}" y="{y - _HEIGHT / 2:g}" width="{_WIDTH}" height="{_HEIGHT}" rx="9"/>'
    title = f"<title>{escape(node.name)}: {escape(node.note or node.stage)}</title>"
    return f'<g class="box {stage}">{title}{box}{texts}</g>'


def _lines(name: str) -> list[str]:
    """Break a long name once, after an underscore or a hyphen."""
    if len(name) <= _LINE:
        return [name]
    cuts = [at + 1 for at, sign in enumerate(name) if sign in "_-"]
    cut = min(cuts, key=lambda at: abs(at - len(name) / 2), default=len(name))
    return [name[:cut], name[cut:]]


def _noted(note: str) -> str:
    """Return the first of several, and how many more there are."""
    first, *others = note.split(", ")
    return f"{first} +{len(others)}" if others else note


def _short(text: str) -> str:
    return text if len(text) <= _LINE + 4 else f"{text[: _LINE + 3]}…"
