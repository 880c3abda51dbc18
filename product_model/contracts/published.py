"""The files that the product publishes, each with the text that it must have."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import yaml

from product_model.contracts.odps import data_product
from product_model.contracts.table_contracts import archive_contract, table_contract
from product_model.contracts.topic_contract import topic_contract
from product_model.descriptor import Descriptor
from product_model.lineage.openlineage import openlineage
from product_model.lineage.picture import lineage_graph, mermaid
from product_model.page.page import product_page

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from product_model.product import Product

FOLDER = "contracts"
EVENTS = f"{FOLDER}/events"
LINEAGE, PAGE = "lineage", "index.html"
DESCRIPTOR_SCHEMA = "payment-service-data-product.schema.json"
COMMAND = "make contracts"
_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_WIDTH = 110


def published_files(product: Product) -> dict[str, str]:
    """Return the text of every published file by its path in the product's directory."""
    return {
        DESCRIPTOR_SCHEMA: _json(descriptor_schema()),
        **contract_files(product),
        f"{LINEAGE}/openlineage.json": _json(openlineage(product)),
        f"{LINEAGE}/lineage.mmd": mermaid(lineage_graph(product)),
        PAGE: product_page(product),
    }


def contract_files(product: Product) -> dict[str, str]:
    """Return the contracts and the events' schemas among them: what others count on."""
    descriptor, source = product.descriptor, product.descriptor.ports.input[0]
    files = {
        f"{FOLDER}/{descriptor.product.id}.odps.yaml": _yaml(product, data_product(product)),
        f"{FOLDER}/{source.name}.odcs.yaml": _yaml(product, topic_contract(product)),
    }
    for port in descriptor.ports.output:
        contract = table_contract if port.kind == "pinot" else archive_contract
        files[f"{FOLDER}/{port.name}.odcs.yaml"] = _yaml(product, contract(product, port))
    for message in product.contract.messages.values():
        schema = {
            "$schema": "http://json-schema.org/draft-07/schema#",
            "$comment": _made_from(product.contract.file),
            "title": message.name,
            **product.event_schema(message.name),
        }
        files[f"{EVENTS}/{message.name}.schema.json"] = _json(schema)
    return files


def published_no_longer(directory: Path, files: Iterable[str]) -> list[str]:
    """Return the files of the contracts' folder that none of `files` is."""
    folders = (directory / FOLDER, directory / LINEAGE)
    paths = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    found = {path.relative_to(directory).as_posix() for path in paths}
    return sorted(found - set(files))


def read(path: Path) -> str | None:
    """Return a file's text; none where there is no file."""
    return path.read_text(encoding="utf-8") if path.is_file() else None


def descriptor_schema() -> dict[str, Any]:
    """Return the descriptor's JSON Schema: what an editor offers, and what is refused."""
    schema = Descriptor.model_json_schema(by_alias=True)
    return {"$schema": _DRAFT, "$comment": _made_from("product_model/descriptor.py"), **schema}


def _made_from(source: str) -> str:
    return f"Made by `{COMMAND}` from {source}; change that instead."


def _json(content: object) -> str:
    return f"{json.dumps(content, ensure_ascii=False, indent=2)}\n"


class _Dumper(yaml.SafeDumper):
    """Lists stand under their key, and no text is an alias of another."""

    def ignore_aliases(self, data: object) -> bool:
        """Never: who reads a contract has not to look for anchors."""
        del data
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: FBT001, FBT002 - PyYAML's
        """Indent lists."""
        del indentless
        super().increase_indent(flow=flow, indentless=False)


def _yaml(product: Product, content: object) -> str:
    text = yaml.dump(content, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH)
    return f"# {_made_from(f'{product.descriptor_document.file} and {product.contract.file}')}\n{text}"
