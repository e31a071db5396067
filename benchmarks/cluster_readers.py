"""Readers of a cluster that run in our environment: `cluster_readers.py NAME KUBECONFIG COUNT`.

Each ends when it has seen COUNT objects and prints how many, and its memory before and after, in
bytes. `watch` prints the kinds it watches instead, and stays.
"""

import asyncio
import gc
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from meshery.discovery.model import Seen, Told, encode
from meshery.discovery.watch.cluster import ClusterWatch
from meshery.kube.client import KubeClient
from meshery.kube.kubeconfig import OWN, read_kubeconfigs

CLUSTER = "6f1ed002-ab59-11f0-8de9-0242ac120002"
NAMESPACE = "bench"
PAGE = 500


class CountingSink:
    """Encodes each message, as whoever sends it must."""

    def __init__(self) -> None:
        self.objects = 0

    async def put(self, told: Told) -> None:
        """Count the objects that the benchmark made."""
        encode(told)
        self.objects += isinstance(told, Seen) and told.key.namespace == NAMESPACE

    def lag_s(self, kind: str) -> float:
        """Nothing waits here."""
        del kind
        return 0.0


def main() -> None:
    """Run the reader that is named."""
    name, kubeconfig, count = sys.argv[1:4]
    if name == "official":
        _official(kubeconfig)
    else:
        asyncio.run(_meshery(Path(kubeconfig), int(count), stays=name == "watch"))


async def _meshery(kubeconfig: Path, count: int, *, stays: bool) -> None:
    access = read_kubeconfigs([kubeconfig]).access(trust=OWN)
    async with KubeClient(access) as client:
        await client.get("/version")
        before, sink = resident_bytes(), CountingSink()
        watch = ClusterWatch(client, CLUSTER, sink)
        task = asyncio.create_task(watch.run())
        while sink.objects < count or not _is_settled(watch):  # noqa: ASYNC110 - no event tells
            await asyncio.sleep(0.01)
        if stays:
            print(json.dumps([status.resource for status in watch.status()]), flush=True)
            await task
        tell(sink.objects, before)
        task.cancel()
        await asyncio.wait({task})


def _is_settled(watch: ClusterWatch) -> bool:
    kinds = watch.status()
    return bool(kinds) and all(kind.state != "listing" for kind in kinds)


def _official(kubeconfig: str) -> None:
    from kubernetes import client, config

    config.load_kube_config(kubeconfig)  # type: ignore[no-untyped-call]
    core, apps = client.CoreV1Api(), client.AppsV1Api()
    lists: tuple[Callable[..., Any], ...] = (
        core.list_pod_for_all_namespaces,
        core.list_config_map_for_all_namespaces,
        apps.list_replica_set_for_all_namespaces,
    )
    client.VersionApi().get_code()
    before, held = resident_bytes(), []
    for listed in lists:
        token = None
        while token != "":
            page = listed(limit=PAGE, _continue=token)
            held += page.items
            token = page.metadata._continue or ""  # noqa: SLF001 - how the client spells it
    tell(len(held), before)


def resident_bytes() -> int:
    """The memory of this process that is really there (Linux)."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def tell(objects: int, before: int) -> None:
    """What the measuring process reads."""
    told = {"objects": objects, "before": before, "after": resident_bytes()}
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
