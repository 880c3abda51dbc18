"""Keys of the cluster's configuration that move between resources of one program."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pinot_as_code.cluster_configuration import PinotClusterConfigurationProvider
from tests.engine.pinot_as_code.page_views import unused_name
from tests.engine.pinot_as_code.pulumi_run import settings

if TYPE_CHECKING:
    from tests.engine.pinot_as_code.page_views import Cluster
    from tests.engine.pinot_as_code.pulumi_run import Run

pytestmark = pytest.mark.engine


def test_a_key_stays_that_another_resource_of_the_same_run_took_over(cluster: Cluster, stack: Run) -> None:
    """Pulumi makes the resource of the new name, which adopts the keys, and then deletes the old one."""
    moving, going = f"{unused_name()}.moving", f"{unused_name()}.going"
    stack.up("old", settings(**{moving: "1", going: "1"}))
    held = stack.state["old"]
    run = stack.provider(PinotClusterConfigurationProvider)

    run.create(settings(**{moving: "1"}).inputs)
    run.delete(held.id, dict(held.outputs))

    shown = cluster.get("/cluster/configs")
    assert shown[moving] == "1"
    assert going not in shown


def test_a_key_that_a_resource_gives_up_goes_unless_another_takes_it(cluster: Cluster, stack: Run) -> None:
    kept, moving, going = (f"{unused_name()}.key" for _ in range(3))
    stack.up("old", settings(**{kept: "1", moving: "1", going: "1"}))
    held = stack.state["old"]
    run = stack.provider(PinotClusterConfigurationProvider)

    run.create(settings(**{moving: "1"}).inputs)
    run.update(held.id, dict(held.outputs), settings(**{kept: "1"}).inputs)

    shown = cluster.get("/cluster/configs")
    assert (shown[kept], shown[moving]) == ("1", "1")
    assert going not in shown
