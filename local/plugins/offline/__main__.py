"""Serve the stand-in for any provider: `python -m local.plugins.offline <package>`."""

import sys

from local.plugins.offline.provider import OfflineProvider
from local.plugins.offline.sdk_inputs import Sdk
from local.plugins.offline.serving import serve

if __name__ == "__main__":
    package, *rest = sys.argv[1:]
    sys.exit(serve(lambda engine: OfflineProvider(Sdk(package), engine), rest))
