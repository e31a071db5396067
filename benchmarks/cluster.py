"""A real API server with many objects, and programs that read all of it, each in its own process.

Pods, ConfigMaps and ReplicaSets of usual size; etcd and API server alone, so nothing changes by
itself. What each reader does is in `cluster_readers.py` and `tools/kopf_reader.py`.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from peers import TOOLS, kopf_python

from meshery.kube.client import KubeClient
from meshery.kube.kubeconfig import OWN, read_kubeconfigs
from meshery.kube.limiter import Limits
from meshery.kube.local.binaries import KUBECTL, find_or_build
from meshery.kube.local.control_plane import ControlPlane
from meshery.kube.local.options import PlaneOptions

HERE = Path(__file__).parent
NAMESPACE = "bench"
AT_ONCE = 32
MIXED = ("pods", "configmaps", "pods", "replicasets.apps", "pods", "configmaps")
"""Which kinds come in which share."""


@dataclass(frozen=True)
class Reading:
    """What it took a process to read all: wall and CPU seconds from its start, memory in bytes.

    `held` is what it has more than before it began, 0 where that cannot be asked.
    """

    seconds: float
    cpu_s: float
    peak_bytes: int
    held_bytes: int = 0


class Cluster:
    """The API server, and readers of it."""

    def __init__(self, plane: ControlPlane, folder: Path) -> None:
        self.plane = plane
        self.count = 0
        self._folder = folder
        self._kubectl = plane.binaries.path(KUBECTL)

    def fill(self, count: int) -> None:
        """Have `count` objects of ours in all."""
        asyncio.run(self._fill(count))

    def meshery(self) -> Reading:
        """Our watch until it has told all; each message is encoded, none is sent."""
        return self._python(sys.executable, HERE / "cluster_readers.py", "meshery")

    def official(self) -> Reading:
        """The official client: lists, page by page, as its models."""
        return self._python(sys.executable, HERE / "cluster_readers.py", "official")

    def kopf(self) -> Reading:
        """kopf: a handler of events that keeps whole objects."""
        return self._python(str(kopf_python()), TOOLS / "kopf_reader.py")

    def kubectl(self) -> Reading:
        """`kubectl get` of the same kinds, whole objects."""
        kinds = ",".join(dict.fromkeys(MIXED))
        reading, _ = self._run([*self.kubectl_words, "get", kinds, "-A", "-o", "json"])
        return reading

    @property
    def kubectl_words(self) -> list[str]:
        """How kubectl is called."""
        return [str(self._kubectl), "--kubeconfig", str(self.plane.kubeconfig)]

    def _python(self, python: str, script: Path, *words: str) -> Reading:
        argv = [python, str(script), *words, str(self.plane.kubeconfig), str(self.count)]
        reading, text = self._run(argv)
        told: Mapping[str, int] = json.loads(text.splitlines()[-1])
        if told["objects"] < self.count:
            raise ValueError(f"{argv} saw only {told['objects']} of {self.count} objects")
        held = max(0, told["after"] - told["before"])
        return Reading(reading.seconds, reading.cpu_s, reading.peak_bytes, held)

    def _run(self, argv: list[str]) -> tuple[Reading, str]:
        environment = os.environ | {"KUBECONFIG": str(self.plane.kubeconfig)}
        with tempfile.TemporaryFile(dir=self._folder) as output:
            began = time.perf_counter()
            process = subprocess.Popen(
                argv, stdout=output, stderr=subprocess.DEVNULL, env=environment
            )
            _, status, used = os.wait4(process.pid, 0)
            seconds = time.perf_counter() - began
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode:
                raise subprocess.CalledProcessError(process.returncode, argv)
            size = output.seek(0, os.SEEK_END)
            output.seek(max(0, size - 4096))
            text = output.read().decode(errors="replace")
        cpu_s = used.ru_utime + used.ru_stime
        return Reading(seconds, cpu_s, used.ru_maxrss * 1024), text

    async def _fill(self, count: int) -> None:
        access = read_kubeconfigs([self.plane.kubeconfig]).access(trust=OWN)
        numbers = iter(range(self.count, count))
        async with KubeClient(access, limits=Limits(qps=0)) as client:
            if not self.count:
                space = {"metadata": {"name": NAMESPACE}}
                await client.post("/api/v1/namespaces", json.dumps(space).encode())
            async with asyncio.TaskGroup() as group:
                for _ in range(AT_ONCE):
                    group.create_task(_create(client, numbers))
        self.count = count


@contextmanager
def cluster() -> Iterator[Cluster]:
    """An empty cluster for as long as the block lasts."""
    with tempfile.TemporaryDirectory(prefix="meshery-bench-") as folder:
        options = PlaneOptions(name="bench", service_range="127.126.0.0/16", is_api_only=True)
        plane = ControlPlane(Path(folder) / "plane", options=options, binaries=find_or_build())
        try:
            asyncio.run(plane.start())
            yield Cluster(plane, Path(folder))
        finally:
            asyncio.run(plane.stop())


async def _create(client: KubeClient, numbers: Iterator[int]) -> None:
    for number in numbers:
        kind = MIXED[number % len(MIXED)]
        document = _MAKERS[kind](f"object-{number:06}")
        base = "/apis/apps/v1" if kind.endswith(".apps") else "/api/v1"
        path = f"{base}/namespaces/{NAMESPACE}/{kind.partition('.')[0]}"
        await client.post(path, json.dumps(document).encode())


def _pod(name: str) -> dict[str, Any]:
    return {"metadata": _metadata(name), "spec": _pod_spec(name)}


def _config_map(name: str) -> dict[str, Any]:
    data = {f"setting-{number}.properties": f"key={name}\n" * 20 for number in range(4)}
    return {"metadata": _metadata(name), "data": data}


def _replica_set(name: str) -> dict[str, Any]:
    template = {"metadata": {"labels": {"app": name}}, "spec": _pod_spec(name)}
    spec = {"replicas": 0, "selector": {"matchLabels": {"app": name}}, "template": template}
    return {"metadata": _metadata(name), "spec": spec}


_MAKERS = {"pods": _pod, "configmaps": _config_map, "replicasets.apps": _replica_set}


def _metadata(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "labels": {"app": name, "version": "v1", "team": "shop", "pod-template-hash": "5d9c6f7b"},
        "annotations": {"prometheus.io/scrape": "true", "prometheus.io/port": "15020"},
    }


def _pod_spec(name: str) -> dict[str, Any]:
    return {
        "serviceAccountName": "default",
        "containers": [_container("app", name), _container("istio-proxy", name)],
        "volumes": [{"name": "config", "configMap": {"name": name}}],
    }


def _container(name: str, app: str) -> dict[str, Any]:
    return {
        "name": name,
        "image": f"registry.example.invalid/shop/{name}:1.20.3",
        "args": ["--service", app, "--level", "info"],
        "env": [{"name": f"VARIABLE_{number}", "value": f"{app}-{number}"} for number in range(12)],
        "ports": [{"name": "http", "containerPort": 8080}],
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}},
        "readinessProbe": {"httpGet": {"path": "/healthz/ready", "port": 15021}},
        "volumeMounts": [{"name": "config", "mountPath": "/etc/config"}],
    }
