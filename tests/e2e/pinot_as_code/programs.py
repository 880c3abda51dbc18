"""Pulumi programs in directories of their own, run by the real CLI with the package as it is installed."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT: Final = Path(__file__).resolve().parents[3]
EXAMPLE: Final = ROOT / "examples" / "pinot-as-code"
STACK: Final = "dev"


def install_package(directory: Path) -> Path:
    """Install the package as a user does, into a directory of its own; return that directory."""
    source, target = directory / "source", directory / "installed"
    shutil.copytree(
        ROOT / "pinot_as_code", source, ignore=shutil.ignore_patterns("__pycache__", "build", "*.egg-info")
    )
    pip = [
        str(ROOT / ".venv" / "bin" / "python"),
        "-m",
        "pip",
        "install",
        "-q",
        "--no-deps",
        "--no-build-isolation",
    ]
    subprocess.run([*pip, "--target", str(target), str(source)], check=True, capture_output=True, text=True)
    return target


@dataclass
class Program:
    """A program with a stack of its own."""

    directory: Path
    environment: Mapping[str, str]

    def command(self, *arguments: str) -> list[str]:
        """Return a command line of the CLI."""
        return ["pulumi", *arguments, "--non-interactive", "--color", "never"]

    def pulumi(self, *arguments: str, fails: bool = False) -> str:
        """Run the CLI and return all that it says; `fails` says that it must not succeed."""
        run = subprocess.run(
            self.command(*arguments),
            cwd=self.directory,
            env=dict(self.environment),
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        assert (run.returncode != 0) == fails, run.stdout
        return run.stdout

    def up(self, *, fails: bool = False) -> str:
        """Bring the stack to what the program says."""
        return self.pulumi("up", "--stack", STACK, "--yes", "--skip-preview", fails=fails)

    def preview(self, *flags: str, fails: bool = False) -> str:
        """Show what `up` would do."""
        return self.pulumi("preview", "--stack", STACK, *flags, fails=fails)

    def refresh(self, *, fails: bool = False) -> str:
        """Bring what is there into the state."""
        return self.pulumi("refresh", "--stack", STACK, "--yes", "--skip-preview", fails=fails)

    def destroy(self, *, fails: bool = False) -> str:
        """Delete what the stack made."""
        return self.pulumi("destroy", "--stack", STACK, "--yes", "--skip-preview", fails=fails)

    def assert_nothing_to_do(self) -> None:
        """Check that neither the program nor what is there asks for a change."""
        self.preview("--refresh", "--expect-no-changes")

    def state(self) -> str:
        """Return the stack's state as it is kept."""
        return self.pulumi("stack", "export", "--stack", STACK)

    def resources(self) -> dict[str, dict[str, Any]]:
        """Return the resources of the state by name."""
        kept: list[dict[str, Any]] = json.loads(self.state())["deployment"].get("resources", [])
        return {resource["urn"].rpartition("::")[2]: resource for resource in kept}

    def change(self, file: str, old: str, new: str) -> None:
        """Change a file of the program."""
        path = self.directory / file
        text = path.read_text("utf-8")
        assert old in text, (file, old)
        path.write_text(text.replace(old, new), "utf-8")
