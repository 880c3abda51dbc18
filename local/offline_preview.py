"""A preview of dev or prod without any credential, cluster or account: `make preview STACK=prod`.

The real program runs under Pulumi's real engine, on an empty stack of its own, with stand-ins for the
providers that check every input by the SDKs' types and refuse any change. Nothing of the user's is touched:
the stack file is copied, since `stack init` rewrites it, and each secret in the copy is a placeholder.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml

from local.environment import REPOSITORY
from local.failure import LocalFailureError
from local.plugins.offline.serving import place
from local.processes import output_of
from local.progress import say
from local.toolchain import installation

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

STACKS: Final = ("dev", "prod")
PLACEHOLDER: Final = "offline-preview-placeholder"
"""In the place of every secret; long enough for the rules that passwords have."""
SECRETS: Final = (
    "payments:kafka.security.password",
    "payments:kafka.access.paymentService.password",
    "payments:kafka.access.pinot.password",
    "payments:kafka.access.archiver.password",
    "payments:kafka.access.measure.password",
    "pinot:password",
)
STAND_INS: Final = {
    "aws": ("local.plugins.offline", "aws"),
    "kafka": ("local.plugins.offline", "kafka"),
    "kubernetes": ("local.plugins.kubernetes",),
}
NOBODY: Final = "http://127.0.0.1:9"
"""Where no Pinot answers (the discard port): a controller that happens to run here must not be asked."""
BANNER: Final = (
    "OFFLINE PREVIEW of {stack}: every resource is shown as if nothing were there yet. Stand-ins answer for"
    " {providers}; no account, cluster, broker or Pinot is asked, and secrets are placeholders."
)
_FOREIGN: Final = ("AWS_", "KAFKA_", "KUBE", "PINOT_", "PULUMI_")
_PULUMIS_OWN: Final = ("encryptedkey", "encryptionsalt", "secretsprovider")


@dataclass(frozen=True)
class OfflineStack:
    """An empty stack in a directory of its own."""

    stack: str
    directory: Path
    environment: Mapping[str, str]
    project: Path

    @property
    def configuration(self) -> Path:
        """The copy of the stack's file, with placeholders for secrets."""
        return self.directory / f"Pulumi.{self.stack}.yaml"

    def command(self, *flags: str) -> list[str]:
        """Return the command of the preview."""
        policies = ["--policy-pack", str(self.project / "policy")]
        stack = ["--stack", self.stack, "--config-file", str(self.configuration), "--non-interactive"]
        return ["pulumi", "preview", *stack, *policies, *flags]

    def preview(self, *flags: str) -> int:
        """Preview on the terminal, and say before and after what it is; return Pulumi's exit code."""
        banner = BANNER.format(stack=self.stack, providers=", ".join(STAND_INS))
        say(banner)
        code = subprocess.run(
            self.command("--suppress-outputs", *flags),
            cwd=self.project,
            env=dict(self.environment),
            check=False,
        ).returncode
        say(banner)
        return code

    def capture(self, *flags: str) -> str:
        """Preview and return what Pulumi writes to stdout.

        Raises:
            LocalFailureError: the preview fails; the message has what it says.

        """
        return output_of(
            self.command(*flags),
            directory=self.project,
            environment=self.environment,
            failure=f"The offline preview of {self.stack} failed",
        )

    def plan(self) -> dict[str, Any]:
        """Return the plan as `pulumi preview --json` gives it; fails like `capture`."""
        # Policy packs write their result behind the plan.
        plan: dict[str, Any] = json.JSONDecoder().raw_decode(self.capture("--json"))[0]
        return plan


@contextmanager
def offline_stack(stack: str, cache: Path, project: Path = REPOSITORY) -> Iterator[OfflineStack]:
    """Give an empty stack for previews; its directory is gone afterwards.

    Args:
        stack: dev or prod.
        cache: where the tools are, or are built.
        project: directory of Pulumi.yaml and the stack's file.

    Raises:
        LocalFailureError: there is no such stack, or the tools cannot be had.

    """
    if stack not in STACKS:
        message = f"STACK is {stack!r}; offline previews are there for {' and '.join(STACKS)}."
        raise LocalFailureError(message)
    directory = Path(tempfile.mkdtemp(prefix="payments-offline-"))
    try:
        environment = _environment(directory, installation.install(cache))
        made = OfflineStack(stack, directory, environment, project)
        _prepare(made)
        yield made
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _environment(directory: Path, tools: installation.Toolchain) -> dict[str, str]:
    """Return an environment with nothing of the shell's credentials, and the stand-ins as only plugins."""
    home, state = directory / "pulumi", directory / "state"
    state.mkdir()
    for package, module in STAND_INS.items():
        place(home, package, *module)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    return inherited | {
        "PATH": os.pathsep.join((str(tools.directory), os.environ.get("PATH", os.defpath))),
        "PULUMI_HOME": str(home),
        "PULUMI_BACKEND_URL": f"file://{state}",
        "PULUMI_CONFIG_PASSPHRASE": "offline",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        # A provider without a stand-in is an error, and no download of the real one.
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "AWS_EC2_METADATA_DISABLED": "true",
        "KUBECONFIG": str(directory / "no-kubeconfig"),
        "PINOT_CONTROLLER_URL": NOBODY,
    }


def _prepare(stack: OfflineStack) -> None:
    """Copy project and stack file, make the empty stack beside them, encrypt the placeholders."""
    shutil.copyfile(stack.project / "Pulumi.yaml", stack.directory / "Pulumi.yaml")
    source = stack.project / f"Pulumi.{stack.stack}.yaml"
    document = yaml.safe_load(source.read_text(encoding="utf-8"))
    kept = {key: value for key, value in document.items() if key not in _PULUMIS_OWN}
    stack.configuration.write_text(yaml.safe_dump(_in_clear(kept)), encoding="utf-8")
    _run(stack, "stack", "init", stack.stack)
    secrets = [part for secret in SECRETS for part in ("--secret", f"{secret}={PLACEHOLDER}")]
    _run(stack, "config", "set-all", "--stack", stack.stack, "--path", *secrets)


def _in_clear(value: Any) -> Any:  # noqa: ANN401 - as deep as the file
    """Return configuration without what only its owner's key decrypts."""
    if isinstance(value, dict):
        return {key: _in_clear(inner) for key, inner in value.items() if not _encrypted(inner)}
    return [_in_clear(inner) for inner in value] if isinstance(value, list) else value


def _encrypted(value: object) -> bool:
    return isinstance(value, dict) and value.keys() == {"secure"}


def _run(stack: OfflineStack, *arguments: str) -> None:
    output_of(
        ["pulumi", *arguments, "--non-interactive"],
        directory=stack.directory,
        environment=stack.environment,
        failure=f"`pulumi {arguments[0]}` failed",
    )
