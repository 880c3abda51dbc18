"""The committed stack files as the program is given them, with a placeholder for each secret."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from components.settings import Settings, load_settings

ROOT = Path(__file__).parents[3]
PLACEHOLDER = "offline-preview-placeholder"
SECRET_KEYS = ("payments:kafka", "pinot:password")
USERS = ("paymentService", "pinot", "archiver", "measure")

Tree = dict[str, Any]


def stack_file(stack: str) -> Tree:
    """Return a stack's configuration with its secrets in place."""
    tree: Tree = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text())["config"]
    tree["payments:kafka"]["security"]["password"] = PLACEHOLDER
    tree["payments:kafka"]["access"] |= {user: {"password": PLACEHOLDER} for user in USERS}
    tree["pinot:password"] = PLACEHOLDER
    return tree


def load(tree: Tree) -> Settings:
    """Return the settings of a configuration."""
    flat = {key: value if isinstance(value, str) else json.dumps(value) for key, value in tree.items()}
    return load_settings(flat, SECRET_KEYS)
