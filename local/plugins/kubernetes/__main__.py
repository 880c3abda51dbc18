"""Serve the stand-in: `python -m local.plugins.kubernetes`."""

import sys

from local.plugins.kubernetes.provider import KubernetesStandIn
from local.plugins.offline.sdk_inputs import Sdk
from local.plugins.offline.serving import serve

if __name__ == "__main__":
    sys.exit(serve(lambda engine: KubernetesStandIn(Sdk("kubernetes"), engine), sys.argv[1:]))
