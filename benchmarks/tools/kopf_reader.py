"""kopf as a reader of a cluster: `kopf_reader.py KUBECONFIG COUNT`, whole objects kept.

Its own index takes a time that grows with the square of their number.
"""

import asyncio
import gc
import json
import os
import sys
from pathlib import Path

import kopf

COUNT = int(sys.argv[2])
NAMESPACE = "bench"
told = {"objects": 0, "before": 0, "after": 0}
kept: dict[str, dict[str, object]] = {}


def resident_bytes() -> int:
    """The memory of this process that is really there."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@kopf.on.startup()
async def start(settings: kopf.OperatorSettings, **_: object) -> None:
    """Before anything is read."""
    settings.posting.enabled = False
    settings.scanning.disabled = True
    told["before"] = resident_bytes()


@kopf.on.event("pods")
@kopf.on.event("configmaps")
@kopf.on.event("apps", "v1", "replicasets")
async def objects(uid: str, namespace: str, body: kopf.Body, **_: object) -> None:
    """Keep the whole object; end when all that the benchmark made are there."""
    if namespace == NAMESPACE:
        kept[uid] = dict(body)
        if len(kept) == COUNT:
            asyncio.get_running_loop().call_later(0.0, end)


def end() -> None:
    """Tell, and leave without kopf's farewell."""
    told.update(objects=len(kept), after=resident_bytes())
    print(json.dumps(told), flush=True)
    os._exit(0)


kopf.run(clusterwide=True, standalone=True)
