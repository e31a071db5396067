"""Where the parts of a sandbox are on this machine: the ports, files and sockets of each instance.

An instance is one copy of one workload: `web-v1-0`. Ports are chosen once and kept, so that an
instance has the same address after a restart, and a killed sidecar comes back where callers know
it.
"""

import functools
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

import msgspec

from meshery.core.paths import runtime_dir
from meshery.sandbox.model import Instance, World
from meshery.sandbox.objects import Workload
from meshery.sandbox.ports import is_free, take_ports
from meshery.sandbox.store import Layout


class Places(msgspec.Struct, frozen=True):
    """The directories of one sandbox in one Meshery home."""

    home: Path
    name: str

    @property
    def root(self) -> Path:
        """All files of the sandbox."""
        return self.home / "sandboxes" / self.name

    @property
    def sockets(self) -> Path:
        """Its Unix sockets, in a directory short enough for their paths."""
        return _runtime_dir(self.home) / self.name

    @property
    def logs(self) -> Path:
        """Its logs; they outlive it until the next start."""
        return self.home / "logs" / "sandbox" / self.name

    @property
    def change_lock(self) -> Path:
        """The file that is locked while the sandbox is changed."""
        return self.root / "change.lock"

    def directory(self, instance: str) -> Path:
        """The configuration of one sidecar."""
        return self.root / instance

    def admin_socket(self, instance: str) -> Path:
        """The administration socket of one sidecar."""
        return self.sockets / f"{instance}.sock"

    def log(self, instance: str, part: str) -> Path:
        """The log of an instance's `app` or `proxy`."""
        return self.logs / f"{instance}-{part}.log"

    def group(self, instance: str = "") -> str:
        """The supervisor's name for all processes of the sandbox, or of one instance."""
        return f"sandbox/{self.name}/" + (f"{instance}/" if instance else "")


_runtime_dir = functools.cache(runtime_dir)
"""Asked for each instance of each world; it looks at the disk."""


def process_names(sandbox: str, instance: Instance) -> tuple[str, ...]:
    """The supervisor's names of an instance's processes: its application, if any, and its proxy."""
    parts = ("app", "proxy") if instance.has_app else ("proxy",)
    return tuple(f"sandbox/{sandbox}/{instance.name}/{part}" for part in parts)


def instances_of(workloads: Iterable[Workload]) -> dict[str, Workload]:
    """The instances of workloads by name, in their order."""
    return {
        f"{workload.service}-{workload.version}-{index}": workload
        for workload in workloads
        for index in range(workload.replicas)
    }


def allocate(
    workloads: Iterable[Workload],
    *,
    kept: Layout,
    taken: Collection[int] = (),
    gateway_port: int = 0,
) -> dict[str, dict[str, int]]:
    """Ports for every instance: those of `kept`, else free ones that are not in `taken`."""
    wanted = {name: _listeners(workload) for name, workload in instances_of(workloads).items()}
    held = {port for ports in kept.values() for port in ports.values()}
    missing = sum(
        what not in kept.get(name, {}) for name, listeners in wanted.items() for what in listeners
    )
    fresh = iter(take_ports(missing, taken={*held, *taken, gateway_port}))
    layout = {
        name: {what: kept.get(name, {}).get(what) or next(fresh) for what in listeners}
        for name, listeners in wanted.items()
    }
    if gateway_port:
        _fix_gateway(layout, instances_of(workloads), gateway_port)
    return layout


def lacks_ports(workloads: Iterable[Workload], layout: Layout) -> bool:
    """Whether something listens on a port that the layout does not have yet."""
    return any(
        what not in layout.get(name, {})
        for name, workload in instances_of(workloads).items()
        for what in _listeners(workload)
    )


def layout_of(world: World) -> dict[str, dict[str, int]]:
    """The layout of a world."""
    return {
        each.name: {
            what: port
            for what, port in (
                ("inbound", each.inbound_port),
                ("outbound", each.outbound_port),
                ("app", each.app_port),
                *each.echo_ports.items(),
            )
            if port
        }
        for each in world.instances
    }


def all_ports(layout: Layout) -> list[int]:
    """Every port of a layout."""
    return [port for ports in layout.values() for port in ports.values()]


def lost_ports(layout: Layout) -> list[int]:
    """The ports of a layout that somebody else holds."""
    return [
        port
        for ports in layout.values()
        for what, port in ports.items()
        if not is_free(port, udp=what == "udp")
    ]


def without(layout: Layout, ports: Collection[int]) -> dict[str, Mapping[str, int]]:
    """A layout that forgets `ports`, so that others are chosen."""
    return {
        name: {what: port for what, port in listeners.items() if port not in ports}
        for name, listeners in layout.items()
    }


def _listeners(workload: Workload) -> tuple[str, ...]:
    if workload.is_gateway:
        return ("inbound", "outbound")
    return ("inbound", "outbound", "app", *workload.echo)


def _fix_gateway(
    layout: dict[str, dict[str, int]], instances: Mapping[str, Workload], port: int
) -> None:
    for name, workload in instances.items():
        if workload.is_gateway:
            layout[name]["inbound"] = port
            return
