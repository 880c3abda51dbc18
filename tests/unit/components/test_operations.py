"""The product's programs on Kubernetes: each workload as it is meant, who goes where, and what is refused."""

from __future__ import annotations

import ipaddress
import json
from typing import TYPE_CHECKING, Any

import pytest

from components.operations_network import network_policies
from components.operations_plan import planned_operations
from components.pinot_network import network_policies as pinots_policies
from components.product import PaymentDataProduct
from components.setting_errors import SettingsError
from operations.archive.settings import ArchiveSettings, kafka_login, load_settings
from operations.measure.__main__ import _effort, _parser, _target
from operations.offline.__main__ import _parser as loader_parser
from tests.unit.components.stack_files import PLACEHOLDER, Tree, load, stack_file
from tests.unit.components.test_pinot_network import selects

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.unit.components.conftest import Program

    Build = Callable[[Callable[[], object]], Program]

pytestmark = [pytest.mark.unit, pytest.mark.usefixtures("in_the_repository")]

PROGRAMS = ("archiver", "loader", "measure")
CONTROLLER = "http://pinot-controller.pinot.svc.cluster.local:9000"
BROKER = "http://pinot-broker.pinot.svc.cluster.local:8099"


def made(build: Build, tree: Tree) -> Program:
    settings = load(tree)
    return build(lambda: PaymentDataProduct("payments", settings))


def changed(stack: str = "prod", **operations: Any) -> Tree:  # noqa: ANN401 - any JSON
    tree = stack_file(stack)
    tree["payments:operations"] |= operations
    return tree


def pod(program: Program, name: str) -> dict[str, Any]:
    """Return the specification of a program's pods."""
    kind = "CronJob" if name == "measure" else "Deployment"
    spec = program.one(kind, f"operations-{name}").inputs["spec"]
    if kind == "CronJob":
        spec = spec["jobTemplate"]["spec"]
    assert spec["template"]["metadata"]["labels"]["app.kubernetes.io/name"] == name
    found: dict[str, Any] = spec["template"]["spec"]
    return found


def container(program: Program, name: str) -> dict[str, Any]:
    (found,) = pod(program, name)["containers"]
    return dict(found)


def variables(program: Program, name: str) -> dict[str, str]:
    return {one["name"]: one["value"] for one in container(program, name)["env"] if "value" in one}


def secret(program: Program, name: str) -> dict[str, str]:
    """Return what a program's Secret holds."""
    found = program.one("Secret", f"operations-{name}-login").inputs
    assert found["immutable"] is True
    data = found["stringData"]
    return dict(data.get("value", data))


def test_the_archiver_understands_what_it_is_given(build: Build) -> None:
    """Its own reader of settings takes the variables of the pod, and refuses any that it does not know."""
    program = made(build, stack_file("prod"))
    given = variables(program, "archiver")
    assert container(program, "archiver")["command"] == ["python", "-m", "operations.archive", "run"]
    settings = load_settings(ArchiveSettings, {}, given)
    assert settings.bucket == "example-payments-prod-archive"
    assert settings.bootstrap_servers.count(":9096") == 3
    assert (settings.topic, settings.quarantine_topic) == ("payments", "payments.quarantine")
    rights = program.one("Acl", "archiver-read-payments-archiver").inputs
    assert rights["aclResourceName"] == settings.group, "the group that it may use"
    (port,) = container(program, "archiver")["ports"]
    assert (settings.metrics_host, settings.metrics_port) == ("0.0.0.0", port["containerPort"])  # noqa: S104 - in a pod
    assert given["AWS_DEFAULT_REGION"] == "eu-central-1"


def test_the_archivers_login_is_a_file_that_it_reads(build: Build, tmp_path: Path) -> None:
    program = made(build, stack_file("prod"))
    given = variables(program, "archiver")
    mounts = {one["name"]: one for one in container(program, "archiver")["volumeMounts"]}
    directory, _, name = given["ARCHIVE_KAFKA_PROPERTIES"].rpartition("/")
    assert mounts["login"]["mountPath"] == directory
    file = tmp_path / name
    file.write_text(secret(program, "archiver")[name])
    settings = load_settings(ArchiveSettings, {"kafka_properties": file}, given)
    assert kafka_login(settings) == {
        "security.protocol": "SASL_SSL",
        "sasl.mechanisms": "SCRAM-SHA-512",
        "sasl.username": "archiver",
        "sasl.password": PLACEHOLDER,
    }


def test_the_loader_understands_what_it_is_given(build: Build) -> None:
    program = made(build, stack_file("prod"))
    python, flag, module, *arguments = container(program, "loader")["command"]
    assert [python, flag, module] == ["python", "-m", "operations.offline"]
    options = loader_parser().parse_args(arguments)
    assert (options.command, options.metrics_host) == ("run", "0.0.0.0")  # noqa: S104 - in a pod
    assert variables(program, "loader") == {
        "ARCHIVE_BUCKET": "example-payments-prod-archive",
        "STAGING_BUCKET": "example-payments-prod-deep-store",
        "PINOT_CONTROLLER_URL": CONTROLLER,
        "PINOT_BROKER_URL": BROKER,
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_STS_REGIONAL_ENDPOINTS": "regional",
    }


def test_in_dev_too_the_programs_go_to_the_service_and_not_through_a_developers_machine(
    build: Build,
) -> None:
    assert variables(made(build, stack_file("dev")), "loader")["PINOT_CONTROLLER_URL"] == CONTROLLER


def test_the_measuring_run_understands_what_it_is_given(
    build: Build, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = made(build, stack_file("prod"))
    job = program.one("CronJob", "operations-measure").inputs["spec"]
    assert (job["schedule"], job["concurrencyPolicy"]) == ("20 * * * *", "Forbid")
    assert job["jobTemplate"]["spec"]["backoffLimit"] == 0, "a missed promise is no reason to ask again"
    options = _parser().parse_args(container(program, "measure")["command"][3:])
    options.kafka_properties = tmp_path / "kafka.properties"
    options.kafka_properties.write_text(secret(program, "measure")["kafka.properties"])
    for one in container(program, "measure")["env"]:
        reference = one["valueFrom"]["secretKeyRef"]
        monkeypatch.setenv(one["name"], secret(program, "measure")[reference["key"]])
    target = _target(options)
    assert (target.name, target.controller_url, target.broker_url) == ("prod", CONTROLLER, BROKER)
    assert target.login == ("measure", "generated for measure")
    assert dict(target.topic.properties)["sasl.username"] == "measure"
    effort = _effort(options)
    assert (effort.questions, effort.probes, effort.hours) == (200, 300, 2)
    assert options.push == "http://prometheus-pushgateway.monitoring.svc.cluster.local:9091"


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_pod_runs_as_nobody_and_writes_nothing_but_its_scratch(build: Build, name: str) -> None:
    program = made(build, stack_file("prod"))
    found, inside = pod(program, name), container(program, name)
    security = found["securityContext"]
    assert security["runAsNonRoot"] is True
    assert security["runAsUser"] == 10001
    assert security["seccompProfile"] == {"type": "RuntimeDefault"}
    assert inside["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    writable = [one["mountPath"] for one in inside["volumeMounts"] if not one.get("readOnly")]
    assert writable == ["/tmp"]  # noqa: S108 - the container's
    assert found["automountServiceAccountToken"] is False
    assert found["serviceAccountName"] == name
    resources = inside["resources"]
    assert resources["limits"]["memory"] == resources["requests"]["memory"]
    assert inside["image"].startswith("registry.example.org/payments-operations:0.1.0@sha256:")
    namespace = program.one("Namespace", "operations-namespace")
    assert namespace.inputs["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    assert namespace.protect


@pytest.mark.parametrize("name", ["archiver", "loader"])
def test_long_running_pods_are_probed_and_go_one_at_a_time(build: Build, name: str) -> None:
    program = made(build, stack_file("prod"))
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        assert container(program, name)[probe]["httpGet"] == {"path": "/health", "port": "metrics"}
    deployment = program.one("Deployment", f"operations-{name}").inputs["spec"]
    assert deployment["replicas"] == 2
    assert deployment["strategy"]["rollingUpdate"] == {"maxSurge": 0, "maxUnavailable": 1}
    budget = program.one("PodDisruptionBudget", f"operations-{name}").inputs["spec"]
    assert budget["maxUnavailable"] == 1
    labels = deployment["template"]["metadata"]["labels"]
    assert selects(budget["selector"], labels)
    assert selects(deployment["selector"], labels)
    spread = {one["topologyKey"]: one for one in pod(program, name)["topologySpreadConstraints"]}
    assert spread["kubernetes.io/hostname"]["whenUnsatisfiable"] == "DoNotSchedule"
    assert all(selects(one["labelSelector"], labels) for one in spread.values())
    monitor = program.one("PodMonitor", "operations-monitor").inputs["spec"]
    assert selects(monitor["selector"], labels)


def test_each_program_has_its_own_role_and_no_more(build: Build) -> None:
    program = made(build, stack_file("prod"))
    roles = {
        name: (
            program.one("ServiceAccount", f"operations-{name}").inputs["metadata"].get("annotations") or {}
        )
        for name in PROGRAMS
    }
    assert roles == {
        "archiver": {"eks.amazonaws.com/role-arn": "arn:aws:iam::123456789012:role/payments-prod-archiver"},
        "loader": {"eks.amazonaws.com/role-arn": "arn:aws:iam::123456789012:role/payments-prod-loader"},
        "measure": {},
    }
    for name in ("archiver", "loader"):
        trust = json.loads(program.one("Role", name).inputs["assumeRolePolicy"])["Statement"][0]
        account = program.one("ServiceAccount", f"operations-{name}").inputs["metadata"]
        (subject,) = next(
            value for key, value in trust["Condition"]["StringEquals"].items() if key.endswith(":sub")
        )
        assert subject == f"system:serviceaccount:{account['namespace']}:{account['name']}"


def test_programs_start_once_what_they_need_is_there(build: Build) -> None:
    program = made(build, stack_file("prod"))
    archiver = program.one("Deployment", "operations-archiver").depends_on
    for kind, name in (
        ("Topic", "payments"),
        ("Topic", "payments.quarantine"),
        ("UserScramCredential", "archiver"),
        ("Acl", "archiver-write-payments.quarantine"),
        ("ServiceAccount", "operations-archiver"),
        ("NetworkPolicy", "operations-network-closed"),
    ):
        assert program.one(kind, name).urn in archiver, name
    account = program.one("ServiceAccount", "operations-archiver").depends_on
    for kind in ("BucketObjectLockConfiguration", "BucketServerSideEncryptionConfiguration", "BucketPolicy"):
        assert program.one(kind, "archive").urn in account, "what is archived before would not be guarded"
    loader = program.one("Deployment", "operations-loader").depends_on
    for kind, name in (
        ("Table", "transaction_booked_offline"),
        ("LogicalTable", "transaction_booked"),
        ("User", "loader-controller"),
    ):
        assert program.one(kind, name).urn in loader, name


def test_programs_log_in_to_pinot_as_themselves_and_delete_nothing(build: Build) -> None:
    program = made(build, stack_file("prod"))
    found = {
        name: (user["username"], user["component"], user["role"], user["permissions"])
        for name in program.names("User")
        if (user := program.one("User", name).inputs)["username"] in PROGRAMS
    }
    assert found == {
        "loader-broker": ("loader", "BROKER", "USER", ["READ"]),
        "loader-controller": ("loader", "CONTROLLER", "USER", ["CREATE", "READ", "UPDATE"]),
        "measure-broker": ("measure", "BROKER", "USER", ["READ"]),
        "measure-controller": ("measure", "CONTROLLER", "USER", ["READ"]),
    }
    assert secret(program, "loader") == {
        "pinot-user": "loader",
        "pinot-password": "generated for loader",
    }
    references = [
        one["valueFrom"]["secretKeyRef"] for one in container(program, "loader")["env"] if "valueFrom" in one
    ]
    assert [one["key"] for one in references] == ["pinot-user", "pinot-password"]


def test_no_password_is_outside_of_a_secret(build: Build) -> None:
    program = made(build, stack_file("prod"))
    for item in program.resources:
        if item.type.startswith("kubernetes:") and not item.type.endswith(":Secret"):
            shown = json.dumps(item.inputs, default=str)
            assert PLACEHOLDER not in shown, item.name
            assert "generated for" not in shown, item.name
    for name in PROGRAMS:
        assert "stringData" in program.one("Secret", f"operations-{name}-login").secret_inputs


def goes(tree: Tree, program: str, port: int, to: str | dict[str, str]) -> bool:
    """Return whether the policies let a program's pod out to an address, or to a pod of a namespace."""
    labels = {"app.kubernetes.io/name": program}
    policies = [
        p
        for p in network_policies(planned_operations(load(tree))).values()
        if selects(p["podSelector"], labels)
    ]
    assert any("Egress" in policy["policyTypes"] for policy in policies), "what no policy selects is open"
    return any(
        any(_is(peer, to) for peer in rule["to"]) and any(entry["port"] == port for entry in rule["ports"])
        for policy in policies
        for rule in policy.get("egress", ())
    )


def _is(peer: dict[str, Any], to: str | dict[str, str]) -> bool:
    if isinstance(to, str):
        return "ipBlock" in peer and ipaddress.ip_address(to) in ipaddress.ip_network(peer["ipBlock"]["cidr"])
    if "namespaceSelector" not in peer:
        return False
    namespace = {"kubernetes.io/metadata.name": to["namespace"]}
    return selects(peer["namespaceSelector"], namespace) and selects(peer.get("podSelector", {}), to)


KAFKA, INTERNET = "10.0.3.4", "52.218.1.1"
PINOT = {"namespace": "pinot", "app": "pinot", "release": "pinot"}
PLACES: dict[str, tuple[int, str | dict[str, str]]] = {
    "Kafka": (9096, KAFKA),
    "S3": (443, INTERNET),
    "a stranger": (9096, INTERNET),
    "DNS": (53, {"namespace": "kube-system"}),
    "controller": (9000, {**PINOT, "component": "controller"}),
    "broker": (8099, {**PINOT, "component": "broker"}),
    "server": (8098, {**PINOT, "component": "server"}),
    "ZooKeeper": (2181, {**PINOT, "component": "zookeeper"}),
    "Pushgateway": (9091, {"namespace": "monitoring"}),
}


@pytest.mark.parametrize(
    ("program", "places"),
    [
        ("archiver", {"Kafka", "S3", "DNS"}),
        ("loader", {"S3", "DNS", "controller", "broker"}),
        ("measure", {"Kafka", "DNS", "controller", "broker", "Pushgateway"}),
        ("stray", {"DNS"}),
    ],
)
def test_a_program_goes_where_its_work_is_and_nowhere_else(program: str, places: set[str]) -> None:
    tree = stack_file("prod")
    assert {name for name, (port, to) in PLACES.items() if goes(tree, program, port, to)} == places


def test_pinot_opens_its_doors_to_the_loader_and_the_measuring_run() -> None:
    policies = pinots_policies(planned_operations(load(stack_file("prod"))).pinot)
    for door in ("controller", "broker"):
        rule = policies[door]["ingress"][0]
        opened = {
            name
            for name in (*PROGRAMS, "stray")
            for peer in rule["from"]
            if _is(peer, {"namespace": "payments", "app.kubernetes.io/name": name})
        }
        assert opened == {"loader", "measure"}, door


def test_only_the_monitoring_reads_the_metrics() -> None:
    plan = planned_operations(load(stack_file("prod")))
    policies = network_policies(plan)
    incoming = [p for p in policies.values() if p.get("ingress")]
    (rule,) = incoming[0]["ingress"]
    assert len(incoming) == 1
    assert [peer["namespaceSelector"]["matchLabels"] for peer in rule["from"]] == [
        {"kubernetes.io/metadata.name": "monitoring"}
    ]
    assert [entry["port"] for entry in rule["ports"]] == [9464]
    assert policies["closed"]["podSelector"] == {}


def test_dev_has_one_of_each_and_no_monitor(build: Build) -> None:
    program = made(build, stack_file("dev"))
    replicas = {
        name: program.one("Deployment", f"operations-{name}").inputs["spec"]["replicas"]
        for name in ("archiver", "loader")
    }
    assert replicas == {"archiver": 1, "loader": 1}
    assert "operations-monitor" not in program.names("PodMonitor")


def test_without_operations_there_is_nothing_of_them(build: Build) -> None:
    tree = stack_file("prod")
    del tree["payments:operations"]
    program = made(build, tree)
    assert program.names("Deployment") == program.names("CronJob") == []
    assert {"archiver", "loader"}.isdisjoint(program.names("Role"))


def test_a_private_authority_is_trusted_by_every_program(build: Build) -> None:
    program = made(build, changed(authority={"secret": "company-ca"}))
    assert "ssl.ca.location=/etc/authority/ca.crt" in secret(program, "archiver")["kafka.properties"]
    assert variables(program, "loader")["PINOT_CA_FILE"] == "/etc/authority/ca.crt"
    for name in PROGRAMS:
        mounts = {one["mountPath"] for one in container(program, name)["volumeMounts"]}
        assert "/etc/authority" in mounts


def refused(tree: Tree) -> str:
    with pytest.raises(SettingsError) as error:
        load(tree)
    assert PLACEHOLDER not in str(error.value)
    return " ".join(str(error.value).split())


IMAGE = {"repository": "registry.example.org/payments-operations", "tag": "0.1.0"}


@pytest.mark.parametrize(
    ("operations", "said"),
    [
        (
            {"image": IMAGE},
            (
                "payments:operations.image.digest: found none in prod, where a tag that is moved would run"
                " what nobody has tried; allowed is the digest of"
                " registry.example.org/payments-operations:0.1.0"
            ),
        ),
        (
            {"image": {**IMAGE, "tag": "latest"}},
            "payments:operations.image.tag: found latest, another image every day",
        ),
        (
            {"archiver": {"replicas": 1}},
            (
                "payments:operations.archiver.replicas: found 1 in prod, where one node's loss would stop the"
                " archive; allowed is at least 2."
            ),
        ),
        (
            {"archiver": {"replicas": 13}},
            (
                "payments:operations.archiver.replicas: found 13 for 12 partitions, so that some would have"
                " nothing to do; allowed is at most 12."
            ),
        ),
        (
            {"namespace": "pinot"},
            "payments:operations.namespace: found Pinot's namespace",
        ),
    ],
)
def test_a_mistake_in_prods_operations_is_said(operations: Tree, said: str) -> None:
    assert said in refused(changed(**operations))


def test_logins_that_are_lacking_are_said() -> None:
    tree = stack_file("prod")
    del tree["payments:kafka"]["access"]["measure"]
    assert "payments:kafka.access.measure: found none with operations" in refused(tree)
    tree["payments:kafka"]["access"]["measure"] = {"password": "two\nlines"}
    assert "payments:kafka.access.measure.password: found space at an end, or several lines" in refused(tree)


def test_what_the_programs_would_not_trust_is_said() -> None:
    tree = stack_file("prod")
    tree["payments:kafka"]["security"]["caFile"] = "company.pem"
    assert "payments:operations.authority: found none with kafka.security.caFile" in refused(tree)


def test_a_second_archiver_is_refused() -> None:
    tree = stack_file("prod")
    tree["payments:access"]["archiver"] = {"namespace": "elsewhere", "name": "archiver"}
    assert "allowed is none: the role is made for payments/archiver." in refused(tree)


def test_hashes_would_not_be_hashed_again() -> None:
    tree = stack_file("prod")
    tree["payments:product"] = {"personalData": "keyed"}
    assert "payments:operations: found workloads with product.personalData keyed" in refused(tree)
