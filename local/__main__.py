"""The local environment's command line; the Makefile is a thin front of it."""

from __future__ import annotations

import argparse
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from local.environment import REPOSITORY, LocalEnvironment
from local.failure import LocalFailureError
from local.offline_preview import STACKS as OFFLINE_STACKS
from local.offline_preview import offline_stack
from local.pinot_engine import installation as engine_installation
from local.planned_resources import GOLDEN_PLANS, plan_text
from local.platform import Platform, ServiceStatus
from local.processes import heed_interrupts
from local.progress import say
from local.s3_client import S3_LOGIN
from local.services import OPERATIONS
from local.stack import STACK, LocalStack
from local.toolchain import installation as toolchain

if TYPE_CHECKING:
    from collections.abc import Callable

_MEBIBYTE: Final = 2**20
_SAMPLE_EVENTS: Final = 20_000
# At-least-once delivery and other people's events: duplicates, late and foreign ones, and some that break
# the contract.
_AS_ON_A_REAL_TOPIC: Final = ("--duplicates", "--late", "--foreign", "--broken")


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return the exit code. A failure is told in one paragraph on stderr."""
    heed_interrupts()
    options, rest = _parser().parse_known_args(arguments)
    if rest and not options.passes_on:
        say(f"error: {shlex.join(rest)}: unknown to `python -m local {options.command}`; see --help")
        return 2
    passed_on = rest[1:] if rest[:1] == ["--"] else rest
    try:
        run: Callable[[LocalEnvironment, argparse.Namespace, list[str]], int] = options.run
        return run(LocalEnvironment.from_environ(), options, passed_on)
    except LocalFailureError as failure:
        say(f"error: {failure}")
        return 1
    except KeyboardInterrupt:
        say("interrupted; the next `make up` goes on from here")
        return 130


def _up(environment: LocalEnvironment, options: argparse.Namespace, _: list[str]) -> int:
    say("1/5 tools")
    _tools(environment, options, [])
    say("2/5 platform")
    Platform(environment).start()
    say("3/5 stack")
    LocalStack(environment).up("--refresh")
    say("4/5 archive and offline tables")
    Platform(environment).start(*OPERATIONS)
    if options.events == 0:
        return 0
    say("5/5 events and answers")
    sent = _module(
        environment, "local.events", ["produce", "--count", str(options.events), *_AS_ON_A_REAL_TOPIC]
    )
    return sent or _module(environment, "local.queries", [])


def _down(environment: LocalEnvironment, _: argparse.Namespace, __: list[str]) -> int:
    Platform(environment).stop()
    return 0


def _clean(environment: LocalEnvironment, _: argparse.Namespace, __: list[str]) -> int:
    Platform(environment).stop()
    environment.remove()
    return 0


def _status(environment: LocalEnvironment, _: argparse.Namespace, __: list[str]) -> int:
    statuses = Platform(environment).status()
    for status in statuses:
        print(_status_line(status))
    resident = sum(status.resident_bytes or 0 for status in statuses)
    print(f"{'':10}{resident // _MEBIBYTE} MiB together; data and logs in {environment.home}")
    # A part that nobody stopped and that does not serve is a failure; a platform that is down is not.
    return 1 if any(status.state in {"ended", "not answering"} for status in statuses) else 0


def _status_line(status: ServiceStatus) -> str:
    ports = f"port {', '.join(map(str, status.ports))}" if status.ports else ""
    parts = [f"{status.title:10}{status.state:15}{ports:18}"]
    if status.pid is not None:
        parts.append(f"pid {status.pid:<9}{(status.resident_bytes or 0) // _MEBIBYTE:5} MiB")
    if status.seconds is not None:
        parts.append(f"  up {status.seconds / 60:.0f} min")
    if status.detail:
        parts.append(f"  {status.detail}")
    return "".join(parts).rstrip()


def _events(environment: LocalEnvironment, __: argparse.Namespace, rest: list[str]) -> int:
    return _module(environment, "local.events", rest or ["produce"])


def _query(environment: LocalEnvironment, __: argparse.Namespace, rest: list[str]) -> int:
    return _module(environment, "local.queries", rest)


def _module(environment: LocalEnvironment, name: str, arguments: list[str]) -> int:
    # A process of its own: it reads the data product's files, and a mistake in one of those must not keep
    # anybody from stopping the platform.
    run = [sys.executable, "-m", name, *arguments]
    variables = {**environment.inherited(), **S3_LOGIN}
    return subprocess.run(run, cwd=REPOSITORY, env=variables, check=False).returncode


def _preview(environment: LocalEnvironment, _: argparse.Namespace, rest: list[str]) -> int:
    LocalStack(environment).preview(*rest)
    return 0


def _offline_preview(environment: LocalEnvironment, options: argparse.Namespace, rest: list[str]) -> int:
    with offline_stack(options.stack, environment.cache) as stack:
        return stack.preview(*rest)


def _plans(environment: LocalEnvironment, options: argparse.Namespace, _: list[str]) -> int:
    for name in OFFLINE_STACKS:
        with offline_stack(name, environment.cache) as stack:
            path = options.directory / f"{name}.json"
            path.write_text(plan_text(stack.plan()), encoding="utf-8")
        say(f"  ✓ {path}")
    return 0


def _refresh(environment: LocalEnvironment, _: argparse.Namespace, rest: list[str]) -> int:
    LocalStack(environment).refresh(*rest)
    return 0


def _destroy(environment: LocalEnvironment, _: argparse.Namespace, __: list[str]) -> int:
    platform = Platform(environment)
    platform.start()  # what is to be deleted has to answer
    platform.stop(*OPERATIONS)  # they need what is to be deleted
    LocalStack(environment).destroy()
    return 0


def _run(environment: LocalEnvironment, _: argparse.Namespace, rest: list[str]) -> int:
    return LocalStack(environment).run(*rest)


def _tools(environment: LocalEnvironment, _: argparse.Namespace, __: list[str]) -> int:
    tools = toolchain.install(environment.cache)
    engine = engine_installation(environment.cache)
    origin = "built here" if tools.built else "from PATH"
    say(f"  ✓ Pulumi {toolchain.pinned_version()}, {origin}: {tools.directory}")
    say(f"  ✓ Pinot engine: {engine.class_path.parent}")
    return 0


def _env(environment: LocalEnvironment, _: argparse.Namespace, __: list[str]) -> int:
    tools = toolchain.install(environment.cache)
    stack = LocalStack(environment)
    stack.select()
    print("# eval this in a shell, then plain `pulumi preview` and the like work on the local stack.")
    if stack.ports_differ():
        print(
            f"# The ports are not the default ones: add --config-file {shlex.quote(str(stack.configuration))}"
        )
    for name in environment.unset():
        print(f"unset {name}")
    for name, value in environment.exports(tools).items():
        print(f"export {name}={shlex.quote(value)}")
    return 0


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        message = f"{text!r} was given; a whole number from 0 on is needed"
        raise argparse.ArgumentTypeError(message)
    return int(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command", dest="command")

    def command(
        name: str,
        run: Callable[[LocalEnvironment, argparse.Namespace, list[str]], int],
        help_text: str,
        *,
        passes_on: bool = False,
    ) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=help_text, add_help=not passes_on)
        added.set_defaults(run=run, passes_on=passes_on)
        return added

    up = command(
        "up", _up, "start the platform, bring the stack up, send sample events, answer the questions"
    )
    up.add_argument(
        "--events",
        type=_count,
        default=_SAMPLE_EVENTS,
        help="sample events to send (default %(default)s; 0: none, and no questions)",
    )
    command("down", _down, "stop the platform; data and state stay")
    command("clean", _clean, "stop the platform and delete its data, logs and state")
    command("status", _status, "show what each part of the platform is doing")
    command("events", _events, "send events or reconcile (see `events --help`)", passes_on=True)
    command("query", _query, "answer the product's questions", passes_on=True)
    command("preview", _preview, "show what `up` would change (takes Pulumi's flags)", passes_on=True)
    offline = command(
        "offline-preview",
        _offline_preview,
        "preview dev or prod without credentials, on stand-ins (takes Pulumi's flags)",
        passes_on=True,
    )
    offline.add_argument("stack", choices=OFFLINE_STACKS, help="which stack")
    plans = command("plans", _plans, "write down what dev and prod are made of, for the tests to compare")
    plans.add_argument("--directory", type=Path, default=GOLDEN_PLANS, help="where to (default %(default)s)")
    command("refresh", _refresh, "bring what is really there into the state (Pulumi's flags)", passes_on=True)
    command("destroy", _destroy, "delete everything that the stack made")
    command(
        "run", _run, f"run any Pulumi command on the stack {STACK!r}: run -- stack output", passes_on=True
    )
    command("tools", _tools, "build or find the tools: Pulumi, its plugins, the Pinot engine")
    command("env", _env, "print shell exports for using `pulumi` by hand")
    return parser


if __name__ == "__main__":
    sys.exit(main())
