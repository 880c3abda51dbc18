"""Pulumi's tool chain in one directory: taken from PATH, or built with Go from public modules.

What is built, and why each part exists, stands in the Go modules beside this file and in docs/adr.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

from local.build_cache import cached, content_key
from local.failure import LocalFailureError
from local.plugins.launcher import write_launcher
from local.progress import step

_SOURCES: Final = Path(__file__).resolve().parent
_SDK: Final = "github.com/pulumi/pulumi/sdk/v3"
_CLI: Final = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
_SCRIPTS: Final = ("cmd/pulumi-language-python-exec", "dist/pulumi-resource-pulumi-python")
_LANGUAGE_HOST: Final = "pulumi-language-python"
_KAFKA_PLUGIN: Final = "pulumi-resource-kafka"
_AWS_PLUGIN: Final = "pulumi-resource-aws"

_BUILD_FLAGS: Final = ("-trimpath", "-buildvcs=false")
_GO_CURE: Final = "Install Go {wanted} or later (https://go.dev/dl/) and put its bin directory on PATH."


@dataclass(frozen=True)
class Toolchain:
    """The directory that holds `pulumi` and the Python language host, and whether it was built here."""

    directory: Path
    built: bool

    def place_plugins(self, pulumi_home: Path) -> None:
        """Put the plugins of the local environment where the engine looks for them: under PULUMI_HOME.

        aws is always the stand-in, because a local stack's buckets belong to the local S3 server. Kafka's is
        the real thing; it is left to Pulumi's own download where the tool chain came from PATH.
        """
        aws = _plugin_path(pulumi_home, _AWS_PLUGIN, version("pulumi-aws"))
        write_launcher(aws, "local.plugins.aws")
        if self.built:
            kafka = _plugin_path(pulumi_home, _KAFKA_PLUGIN, version("pulumi-kafka"))
            built = self.directory / "plugins" / _KAFKA_PLUGIN
            if not kafka.is_symlink() or kafka.readlink() != built:
                kafka.parent.mkdir(parents=True, exist_ok=True)
                kafka.unlink(missing_ok=True)
                kafka.symlink_to(built)


def pinned_version() -> str:
    """Return the version of Pulumi that this project is locked to, without the `v`."""
    return version("pulumi")


def install(cache: Path) -> Toolchain:
    """Return the tool chain: the pinned version from PATH, else the one in the cache, built if need be.

    Raises `LocalFailureError` when Go is missing or too old, or when the build fails.
    """
    on_path = _on_path()
    if on_path is not None:
        return Toolchain(directory=on_path.parent, built=False)
    return Toolchain(directory=cached(cache, "toolchain", _key(), _build), built=True)


def _on_path() -> Path | None:
    found = shutil.which("pulumi")
    if found is None or shutil.which(_LANGUAGE_HOST) is None:
        return None
    answer = subprocess.run(
        [found, "version"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"},
    )
    if answer.stdout.strip() != f"v{pinned_version()}":
        return None
    return Path(found)


def _key() -> str:
    sources = (file for pattern in ("*/go.mod", "*/go.sum", "*/*.go") for file in _SOURCES.glob(pattern))
    return content_key(
        _SOURCES,
        sources,
        *_BUILD_FLAGS,
        pinned_version(),
        version("pulumi-kafka"),
        sys.platform,
        platform.machine(),
    )


def _build(into: Path) -> None:
    wanted = _module_line("language-python", r"^go (\S+)$")
    _require_go(wanted)
    for_sdk = _module_line("cli", rf"^\s*{re.escape(_SDK)} v(\S+)")
    if for_sdk != pinned_version():
        message = (
            f"local/toolchain/cli/go.mod builds Pulumi {for_sdk}, requirements/dev.txt installs "
            f"{pinned_version()}; both must name the same version."
        )
        raise LocalFailureError(message)
    # Without its version the CLI is refused by the Automation API and by plugins.
    stamp = f"-X {_SDK}/go/common/version.Version=v{pinned_version()}"
    with step("building the Pulumi CLI from source (first run only, about 4 minutes on 2 cores)"):
        _go_build("cli", _CLI, into / "pulumi", stamp)
    with step("building the Python language host"):
        _go_build("language-python", ".", into / _LANGUAGE_HOST, stamp)
    with step("building the Kafka plugin (first run only, about 1 minute on 2 cores)"):
        _go_build("kafka-provider", ".", into / "plugins" / _KAFKA_PLUGIN, "")
    listed = _go("cli", "list", "-m", "-f", "{{.Dir}}", _SDK)
    for script in _SCRIPTS:
        installed = into / Path(script).name
        shutil.copyfile(Path(listed.strip()) / "python" / script, installed)
        installed.chmod(0o755)


def _require_go(wanted: str) -> None:
    cure = _GO_CURE.format(wanted=wanted)
    if shutil.which("go") is None:
        message = f"The Pulumi tool chain is built with Go, and no `go` is on PATH. {cure}"
        raise LocalFailureError(message)
    # Asked inside the module, so that a Go which can fetch the wanted release answers for that one.
    found = _go("language-python", "env", "GOVERSION", cure=cure).strip().removeprefix("go")
    if _numbers(found) < _numbers(wanted):
        message = f"The Pulumi tool chain needs Go {wanted} or later; `go` on PATH is {found}. {cure}"
        raise LocalFailureError(message)


def _numbers(release: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", release)[:3])


def _module_line(module: str, pattern: str) -> str:
    text = (_SOURCES / module / "go.mod").read_text(encoding="utf-8")
    found = re.search(pattern, text, re.MULTILINE)
    if found is None:
        message = f"local/toolchain/{module}/go.mod has no line that matches {pattern!r}."
        raise LocalFailureError(message)
    return found.group(1)


def _go_build(module: str, package: str, output: Path, stamp: str) -> None:
    output.parent.mkdir(parents=True, exist_ok=True)
    _go(
        module,
        "build",
        *_BUILD_FLAGS,
        "-ldflags",
        f"-s -w {stamp}",
        "-o",
        str(output),
        package,
    )


def _go(module: str, *arguments: str, cure: str = "") -> str:
    environment = {
        **os.environ,
        "CGO_ENABLED": "0",  # no C compiler needed
        "GOFLAGS": "-mod=readonly",  # what go.sum does not vouch for is not built
        "GOWORK": "off",
    }
    run = subprocess.run(
        ["go", *arguments],
        cwd=_SOURCES / module,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode != 0:
        said = "\n".join(run.stderr.strip().splitlines()[-15:])
        message = f"`go {arguments[0]}` in local/toolchain/{module} failed:\n{said}\n{cure}".strip()
        raise LocalFailureError(message)
    return run.stdout


def _plugin_path(pulumi_home: Path, plugin: str, plugin_version: str) -> Path:
    name = plugin.removeprefix("pulumi-resource-")
    return pulumi_home / "plugins" / f"resource-{name}-v{plugin_version}" / plugin
