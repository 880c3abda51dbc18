"""Serve the stand-in: `python -m local.plugins.aws`."""

from __future__ import annotations

import sys

from local.plugins.aws.protocol import provider_pb2_grpc
from local.plugins.aws.provider import AwsStandIn
from local.plugins.serving import serve

if __name__ == "__main__":
    sys.exit(
        serve(lambda server: provider_pb2_grpc.add_ResourceProviderServicer_to_server(AwsStandIn(), server))
    )
