"""The local stack: Pulumi's real engine run on the program of this repository, against the local platform."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from typing import TYPE_CHECKING, Any, Final

import yaml

from local import recovery
from local.build_cache import writing_to
from local.environment import PORTS, REPOSITORY, LocalEnvironment
from local.failure import LocalFailureError
from local.processes import output_of
from local.progress import say, step

if TYPE_CHECKING:
    from pathlib import Path

STACK: Final = "local"

# The four addresses that Pulumi.local.yaml names; Kafka's controller port is nobody's business but Kafka's.
_SERVED: Final = ("kafka_port", "controller_port", "broker_port", "s3_port")

# What Pulumi's non-interactive display shows although nothing has changed yet: resources that stay
# (no sign before the type), operations that have only begun, what was read again, ticks, empty lines.
_NOTHING_NEW: Final = re.compile(
    r"("
    r"    [\w./-]+:[\w./-]+:\w+ \S+( running)?"
    r"| .. \S+ \S+ ((refresh|creat|updat|delet|replac)ing \(\d+s\)|refresh \([\d.]+s\))"
    r"|@ .*\."
    r"|)\s*"
)

# What the Kafka plugin says of a topic that the state does not know: locally, the work of a stack whose state
# was deleted by hand. Buckets and Pinot's objects are taken over instead.
_MADE_BEFORE: Final = "Topic with this name already exists"

# They list every table's columns; `python -m local run -- stack output` shows them.
_WITHOUT_OUTPUTS: Final = ("--suppress-outputs",)

# Pulumi's commands that have the flag --config-file.
_TAKES_CONFIGURATION: Final = frozenset({"up", "preview", "refresh", "destroy", "import", "config", "watch"})


class LocalStack:
    """The stack `local` of one environment: its state lies in the environment's home."""

    def __init__(self, environment: LocalEnvironment, project: Path = REPOSITORY) -> None:
        """Take the program in `project`; nothing runs yet."""
        self.environment = environment
        self.project = project

    @property
    def configuration(self) -> Path:
        """The stack's configuration: Pulumi.local.yaml with this environment's ports, and Pulumi's salt."""
        return self._side / f"Pulumi.{STACK}.yaml"

    def up(self, *flags: str) -> None:
        """Bring everything to what the program says, picking up what a killed run has left half done."""
        self._prepare()
        recovery.recover(self)
        with step("bringing the stack up"):
            self._stream("up", "--yes", "--skip-preview", *_WITHOUT_OUTPUTS, *flags)

    def preview(self, *flags: str) -> None:
        """Show what `up` would change. With `--expect-no-changes` a change is a failure."""
        self._prepare()
        self._stream("preview", *_WITHOUT_OUTPUTS, *flags, progress=False)

    def refresh(self, *flags: str) -> None:
        """Bring what is really there into the state (`--preview-only` shows it)."""
        self._prepare()
        accepted = () if "--preview-only" in flags else ("--yes", "--skip-preview")
        self._stream("refresh", *accepted, *_WITHOUT_OUTPUTS, *flags, progress="--preview-only" not in flags)

    def destroy(self) -> None:
        """Delete everything that the stack made; the stack itself stays, empty."""
        self._prepare()
        recovery.recover(self)
        with step("destroying the stack"):
            self._stream("destroy", "--yes", "--skip-preview")

    def select(self) -> None:
        """Make the stack the current one for whoever runs `pulumi` with this environment's exports."""
        self._prepare()
        subprocess.run(
            ["pulumi", "stack", "select", STACK],
            cwd=self.project,
            env=self._environment(),
            check=True,
            stdout=subprocess.DEVNULL,
        )

    def ports_differ(self) -> bool:
        """Tell whether the committed configuration names other ports than this environment has."""
        committed = (self.project / f"Pulumi.{STACK}.yaml").read_text(encoding="utf-8")
        return with_ports(committed, self.environment) != committed

    def outputs(self) -> dict[str, Any]:
        """Return the stack's outputs."""
        self._prepare()
        answer = json.loads(self.capture("stack", "output", "--json"))
        return dict(answer)

    def run(self, *arguments: str) -> int:
        """Run any Pulumi command on the selected stack, on the terminal; return its exit code."""
        self.select()
        command = ["pulumi", *arguments, *self._configuration_flag(arguments)]
        return subprocess.run(command, cwd=self.project, env=self._environment(), check=False).returncode

    def capture(self, *arguments: str) -> str:
        """Run a Pulumi command on the stack and return what it writes to stdout; fails with what it says."""
        return output_of(
            self._command(*arguments),
            directory=self.project,
            environment=self._environment(),
            failure=f"`pulumi {arguments[0]}` failed",
        )

    @property
    def _side(self) -> Path:
        return self.environment.home / "stack"

    def _environment(self) -> dict[str, str]:
        return self.environment.pulumi_environment()

    def _stream(self, *arguments: str, progress: bool = True) -> None:
        """Run Pulumi with its output to stdout, or, as `progress`, to stderr without what stays the same."""
        with subprocess.Popen(
            self._command(*arguments),
            cwd=self.project,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if progress else None,
            text=True,
        ) as running:
            made_before = False
            for line in running.stdout or ():
                made_before = made_before or _MADE_BEFORE in line
                if not _NOTHING_NEW.fullmatch(line):
                    say(f"    {line.rstrip()}")
        if running.returncode != 0 and made_before:
            message = (
                f"`pulumi {arguments[0]}` failed on the local stack: its topics are there already, made by a "
                f"stack whose state is no longer in {self.environment.state}. `make clean` deletes the local "
                "data with everything in it; the next `make up` then begins anew."
            )
            raise LocalFailureError(message)
        if running.returncode != 0:
            message = (
                f"`pulumi {arguments[0]}` failed on the local stack (exit code {running.returncode}); why "
                "stands above. `make status` shows the platform, and the next `make up` goes on from here."
            )
            raise LocalFailureError(message)

    def _command(self, *arguments: str) -> list[str]:
        flags = ["--stack", STACK, "--non-interactive", *self._configuration_flag(arguments)]
        return ["pulumi", *arguments, *flags]

    def _configuration_flag(self, arguments: tuple[str, ...]) -> list[str]:
        takes_it = arguments[:1] and arguments[0] in _TAKES_CONFIGURATION
        return ["--config-file", str(self.configuration)] if takes_it else []

    def _prepare(self) -> None:
        """Write the configuration and make the stack where they are not there yet."""
        with writing_to(self.environment.home):
            self._side.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self.project / "Pulumi.yaml", self._side / "Pulumi.yaml")
            salt = _salt(self.configuration)
            source = self.project / f"Pulumi.{STACK}.yaml"
            written = with_ports(source.read_text(encoding="utf-8"), self.environment)
            self.configuration.write_text(written + salt, encoding="utf-8")
        project = yaml.safe_load((self.project / "Pulumi.yaml").read_text(encoding="utf-8"))["name"]
        if not (self.environment.state / ".pulumi" / "stacks" / project / f"{STACK}.json").is_file():
            self._make_stack()

    def _make_stack(self) -> None:
        # `stack init` rewrites the configuration file beside Pulumi.yaml: the copy's, not the committed one.
        output_of(
            ["pulumi", "stack", "init", STACK, "--non-interactive"],
            directory=self._side,
            environment=self._environment(),
            failure="The local stack could not be made",
        )


def with_ports(configuration: str, environment: LocalEnvironment) -> str:
    """Return a stack configuration with the platform's default ports replaced by the environment's.

    Any other address stays: it is how the stack is pointed at another Pinot, Kafka or S3.
    """
    defaults = {default: getattr(environment, field) for field, _, default in PORTS if field in _SERVED}
    return re.sub(
        rf"(?<![\w.])127\.0\.0\.1:({'|'.join(map(str, defaults))})\b",
        lambda found: f"127.0.0.1:{defaults[int(found.group(1))]}",
        configuration,
    )


def _salt(configuration: Path) -> str:
    """Return the line that Pulumi added to a configuration file: without it, its secrets cannot be read."""
    if not configuration.is_file():
        return ""
    lines = configuration.read_text(encoding="utf-8").splitlines(keepends=True)
    return "".join(line for line in lines if line.startswith("encryptionsalt:"))
