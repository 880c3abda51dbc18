"""Every cell of docs/access.md's table of Pinot, on an engine that asks for logins; and a rotation."""

from __future__ import annotations

import json
import os
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pytest

from components.audit_log import audit_settings
from components.table_users import logins
from local.environment import REPOSITORY
from product_model import load_product
from tests.e2e.pinot_as_code.programs import STACK, Program
from tests.engine.accepted_tables import make_topic
from tests.engine.engine_process import ADMIN, EngineProcess
from tests.engine.product_tables import assets

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from local.environment import LocalEnvironment

pytestmark = pytest.mark.e2e

OK, NO_LOGIN, NOT_ALLOWED = 200, 401, 403
FOREIGN: Final = "somebody_elses_table"
PROGRAM: Final = """\
import os
import sys
from pathlib import Path

sys.path.insert(0, os.environ["REPOSITORY"])

from components.audit_log import AuditLog
from components.table_users import TableUsers, TableUsersArgs
from product_model import load_product

AuditLog("audit", user_header=None, timeout_seconds=60)
descriptor = load_product(Path(os.environ["REPOSITORY"]) / "data-product").descriptor
rotation = int(os.environ["ROTATION"])
TableUsers("users", TableUsersArgs(descriptor=descriptor, rotation=rotation, timeout_seconds=60))
"""

Credentials = tuple[str, str] | None


@dataclass
class Users:
    """An engine with the product's tables and one that is none of them, and the program that makes users."""

    engine: EngineProcess
    program: Program

    def passwords(self) -> dict[tuple[str, str], str]:
        """Return the passwords by team and component, as an administrator would read them."""
        state = json.loads(self.program.pulumi("stack", "export", "--show-secrets"))
        found = [
            r["outputs"] for r in state["deployment"]["resources"] if r["type"].endswith("pinot:Password")
        ]
        return {(o["username"], o["component"]): json.loads(o["value"]["plaintext"]) for o in found}

    def query(self, table: str, credentials: Credentials) -> int:
        """Ask a table; return the status."""
        body = json.dumps({"sql": f"SELECT COUNT(*) FROM {table}"})  # noqa: S608 - names of the product
        answer = self.engine.ask("POST", "/query/sql", body, service="broker", credentials=credentials)
        if answer.status == OK:
            assert answer.body["exceptions"] == [], answer.body
            assert answer.body["resultTable"]["rows"] == [[0]]
        return answer.status

    def change(self, credentials: Credentials) -> set[int]:
        """Read and change at the controller; return the statuses."""
        asked = (
            ("GET", "/tables", None),
            ("GET", "/users", None),
            ("POST", "/cluster/configs", '{"walk":"1"}'),
        )
        return {self.engine.ask(*call, credentials=credentials).status for call in asked}


@pytest.fixture(scope="module")
def users(
    kafka: str, local_environment: LocalEnvironment, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Users]:
    """Give them, made by `pulumi up`."""
    place = tmp_path_factory.mktemp("users")
    engine = EngineProcess(place / "pinot", ["--auth", ADMIN[0]])
    _make_tables(engine, kafka)
    program = _program(place, engine, local_environment)
    program.pulumi("up", "--yes", "--skip-preview")
    yield Users(engine, program)
    engine.stop()


def _make_tables(engine: EngineProcess, kafka: str) -> None:
    topic = make_topic(kafka, f"users-{uuid.uuid4()}", 1)
    product = assets(kafka, topic)
    foreign = next(table for table in product.tables if table.table_type == "OFFLINE")
    wanted = [("/schemas", schema.schema_json) for schema in product.schemas]
    wanted.append(("/schemas", foreign.schema_json.replace(foreign.name, FOREIGN)))
    wanted += [("/tables", table.table_json) for table in product.tables]
    wanted.append(("/tables", foreign.table_json.replace(foreign.name, FOREIGN)))
    wanted += [("/logicalTables", table.logical_table_json) for table in product.logical_tables]
    for instance in engine.ask("GET", "/instances", credentials=ADMIN).body["instances"]:
        tags = "payment_server_OFFLINE,payment_server_REALTIME"
        if instance.startswith("Broker_"):
            tags = "payment_broker_BROKER"
        path = f"/instances/{instance}/updateTags?tags={tags}&updateBrokerResource=true"
        assert engine.ask("PUT", path, credentials=ADMIN).status == OK
    for path, body in wanted:
        answer = engine.ask("POST", path, body, credentials=ADMIN)
        assert answer.status == OK, answer.body


def _program(place: Path, engine: EngineProcess, local_environment: LocalEnvironment) -> Program:
    directory, state = place / "program", place / "state"
    directory.mkdir()
    state.mkdir()
    (directory / "Pulumi.yaml").write_text(
        "name: users\nruntime: {name: python, options: {virtualenv: .venv}}\n"
    )
    (directory / "__main__.py").write_text(PROGRAM)
    (directory / ".venv").symlink_to(REPOSITORY / ".venv")
    environment = {
        **os.environ,
        **local_environment.pulumi_environment(),
        "PULUMI_BACKEND_URL": f"file://{state}",
        "PYTHONPATH": str(REPOSITORY),
        "REPOSITORY": str(REPOSITORY),
        "ROTATION": "1",
        "PINOT_CONTROLLER_URL": engine.url(""),
        "PINOT_USERNAME": ADMIN[0],
        "PINOT_PASSWORD": ADMIN[1],
    }
    program = Program(directory, environment)
    program.pulumi("stack", "init", STACK)
    return program


def test_every_allowed_cell_works_and_every_other_is_refused(users: Users) -> None:
    descriptor = load_product(REPOSITORY / "data-product").descriptor
    passwords = users.passwords()
    tables = sorted({t.name for t in descriptor.tables} | {t.name for t in descriptor.logical_tables})
    teams = sorted({*descriptor.access.readers, *descriptor.access.admins})
    assert set(passwords) == {(login.team, login.component) for login in logins(descriptor)}
    assert len(tables) == 7
    for team in teams:
        asks = (team, passwords.get((team, "BROKER"), "none"))
        reader = team in descriptor.access.readers
        for table in tables:
            assert users.query(table, asks) == (OK if reader else NO_LOGIN), (team, table)
        assert users.query(FOREIGN, asks) == (NOT_ALLOWED if reader else NO_LOGIN), team
        keeps = (team, passwords.get((team, "CONTROLLER"), "none"))
        admin = team in descriptor.access.admins
        assert users.change(keeps) == {OK if admin else NOT_ALLOWED}, team
        # The login of one component opens no other.
        if reader:
            assert users.change(asks) == {NOT_ALLOWED}, team
        if admin:
            assert {users.query(table, keeps) for table in tables} == {NO_LOGIN}, team


def test_the_audit_log_is_on_and_captures_no_payload(users: Users) -> None:
    shown = users.engine.ask("GET", "/cluster/configs", credentials=ADMIN).body
    assert {key: shown.get(key) for key in audit_settings(None)} == audit_settings(None)


def test_without_a_login_or_with_a_wrong_one_every_cell_is_refused(users: Users) -> None:
    descriptor = load_product(REPOSITORY / "data-product").descriptor
    tables = {table.name for table in descriptor.tables} | {table.name for table in descriptor.logical_tables}
    for credentials in (None, ("finance-team", "wrong"), ("nobody", "wrong")):
        assert {users.query(table, credentials) for table in tables} == {NO_LOGIN}
        assert users.change(credentials) == {NOT_ALLOWED}
    assert users.engine.ask("GET", "/health").status == OK


def test_a_rotation_makes_every_password_anew_and_nothing_else(users: Users) -> None:
    before = users.passwords()
    users.program.pulumi("preview", "--expect-no-changes")
    rotated = Users(
        users.engine, Program(users.program.directory, {**users.program.environment, "ROTATION": "2"})
    )
    rotated.program.pulumi("up", "--yes", "--skip-preview")
    after = rotated.passwords()
    assert after.keys() == before.keys()
    assert not set(after.values()) & set(before.values())
    for team, component in after:
        if component == "BROKER":
            assert users.query("payment_analytics", (team, before[team, component])) == NO_LOGIN
            assert users.query("payment_analytics", (team, after[team, component])) == OK
        else:
            assert users.change((team, before[team, component])) == {NOT_ALLOWED}
            assert users.change((team, after[team, component])) == {OK}
    state = rotated.program.pulumi("stack", "export")
    assert not [password for password in after.values() if password in state]
