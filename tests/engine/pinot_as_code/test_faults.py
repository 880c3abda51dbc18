"""Broken answers, at every call of every operation: a plain re-run ends in exactly the desired state."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from pinot_as_code import adoption, transport
from pinot_as_code.errors import PinotError
from tests.engine.pinot_as_code.fault_proxy import FAULTS, FaultProxy
from tests.engine.pinot_as_code.page_views import columns, logical, offline
from tests.engine.pinot_as_code.pulumi_run import (
    Declared,
    RefusedArgumentsError,
    Run,
    logical_table,
    schema,
    settings,
    table,
    tenant,
    user,
)

if TYPE_CHECKING:
    from tests.engine.pinot_as_code.page_views import Cluster

pytestmark = pytest.mark.engine

RUNS = 100
SOAKED_RUNS = 300
AT_ONCE = 4
"""As many operations as Pulumi's engine starts at once for one provider."""
RATE = 0.12
GROUPS = (("tenant",), ("schema", "table"), ("schema", "all", "table", "view"), ("user", "settings"))
"""What a run makes, changes and deletes: the runs take turns."""
PASSWORD = "correct horse"  # noqa: S105 - no real one


def program(name: str, *, second: bool) -> dict[str, Declared]:
    """Declare a resource of every kind, as first made or as changed later."""
    spec, document, view = columns(name), offline(name), logical(f"{name}_all", name)
    if second:
        spec["dimensionFieldSpecs"].append({"name": "referrer", "dataType": "STRING"})
        document["segmentsConfig"]["retentionTimeValue"] = "400"
        document["fieldConfigList"][0]["indexes"]["bloom"] = {}
        view["query"] = {"timeoutMs": 5000}
    return {
        "tenant": tenant(f"{name}_t", "SERVER", *(["Server_hot-*"] if second else ["Server_hot-0_8098"])),
        "schema": schema(spec),
        "all": schema(columns(f"{name}_all")),
        "table": table(document, spec),
        "view": logical_table(view),
        "user": user(name, f"{PASSWORD} 2" if second else PASSWORD, tables=[name]),
        "settings": settings(**{f"{name}.key": "2" if second else "1"}),
    }


def attempt(stack: Run, declared: dict[str, Declared]) -> bool:
    """Bring a program up as far as it goes; say whether all of it did."""
    for key, resource in declared.items():
        try:
            stack.up(key, resource)
        except (PinotError, RefusedArgumentsError):
            return False
    return True


def assert_as_declared(stack: Run, declared: dict[str, Declared], when: str) -> None:
    """Check that what is there is what is declared, and that the state knows it."""
    for key, resource in declared.items():
        assert stack.preview(key, resource) == "same", (when, key)
        assert stack.refresh(key) == "same", (when, key)
        assert stack.preview(key, resource) == "same", (when, key)


def one_run(seed: int, cluster: Cluster, happened: Counter[str]) -> int:
    """Make, change and delete through a proxy of its own; return how many of the three went through."""
    with FaultProxy(cluster.engine.url("")).running() as proxy:
        proxy.begin(seed, RATE)
        went_through = make_change_delete(seed, cluster, proxy.url)
        happened.update(proxy.happened)
    return went_through


def make_change_delete(seed: int, cluster: Cluster, url: str) -> int:
    """Do so through a broken way, and the rest of what did not go through in a plain re-run."""
    name = f"faulty_{seed}"
    broken = Run({**cluster.configuration, "pinot:controllerUrl": url, "pinot:callTimeoutSeconds": "0.2"})
    plain = Run(cluster.configuration)
    plain.state = broken.state
    went_through = 0
    for second in (False, True):
        every = program(name, second=second)
        declared = {key: every[key] for key in GROUPS[seed % len(GROUPS)]}
        whole = attempt(broken, declared)
        went_through += whole
        if not whole:
            assert attempt(plain, declared), (seed, second)
        assert_as_declared(plain, declared, f"run {seed}, {'changed' if second else 'made'}")
    try:
        broken.destroy()
        went_through += 1
    except PinotError:
        plain.destroy()
    assert cluster.get(f"/tables/{name}") is None, seed
    assert cluster.get(f"/schemas/{name}") is None, seed
    assert cluster.get(f"/schemas/{name}_all") is None, seed
    assert cluster.get(f"/logicalTables/{name}_all") is None, seed
    assert f"{name}_BROKER" not in cluster.get("/users")["users"], seed
    assert f"{name}.key" not in cluster.get("/cluster/configs"), seed
    assert not [tag for tag in cluster.tags("Server_hot-1_8098") if tag.startswith(f"{name}_")], seed
    return went_through


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the pauses between attempts short: a thousand of them are taken."""
    monkeypatch.setattr(transport, "_FIRST_PAUSE", 0.002)
    monkeypatch.setattr(adoption, "_PAUSE_SECONDS", 0.002)


@pytest.mark.usefixtures("impatient")
def test_a_plain_rerun_ends_in_the_desired_state(cluster: Cluster) -> None:
    break_runs(cluster, range(RUNS))


@pytest.mark.soak
@pytest.mark.usefixtures("impatient")
def test_many_plain_reruns_end_in_the_desired_state(cluster: Cluster) -> None:
    break_runs(cluster, range(RUNS, RUNS + SOAKED_RUNS))


def break_runs(cluster: Cluster, seeds: range) -> None:
    """Make runs, some at once; each checks itself."""
    happened: Counter[str] = Counter()
    with ThreadPoolExecutor(AT_ONCE) as threads:
        went_through = list(threads.map(lambda seed: one_run(seed, cluster, happened), seeds))

    assert len(went_through) == len(seeds)
    assert set(happened) == set(FAULTS)
    # Many faults are overcome within the operation, some end it: both ways must have been gone.
    assert 0 < sum(went_through) < 3 * len(seeds)
