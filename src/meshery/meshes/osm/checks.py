"""What is wrong in OSM's objects, beyond what its own validating webhook sees."""

from collections.abc import Iterator, Sequence

from meshery.adapters.draft import Object
from meshery.core.errors import Problem
from meshery.meshes.look import at, dig, name_of, namespace_of, of_kind
from meshery.meshes.smi import checks as smi

_GROUP = "policy.openservicemesh.io"
_SUFFIX = ".svc.cluster.local"


def hosts(objects: Sequence[Object]) -> Sequence[Problem]:
    """UpstreamTrafficSettings of no Service, and two of one host."""
    return tuple(_hosts(objects))


def switches(objects: Sequence[Object]) -> Sequence[Problem]:
    """Policies that the MeshConfig among the objects does not switch on."""
    return tuple(_switches(objects))


def _hosts(objects: Sequence[Object]) -> Iterator[Problem]:
    services = {f"{name_of(each)}.{namespace_of(each)}" for each in of_kind(objects, "Service", "")}
    seen: dict[str, str] = {}
    for setting in of_kind(objects, "UpstreamTrafficSetting", _GROUP):
        host = str(dig(setting, "spec.host") or "")
        path = at(setting, "spec.host")
        if host in seen:
            told = f"{host} has its settings in {seen[host]} already"
            yield Problem(path, told, hint="put them together in one object")
        seen[host] = name_of(setting)
        if services and host.removesuffix(_SUFFIX) not in services:
            told = f"there is no Service for {host}"
            yield Problem(path, told, hint="write NAME.NAMESPACE.svc.cluster.local")


def _switches(objects: Sequence[Object]) -> Iterator[Problem]:
    config = next(of_kind(objects, "MeshConfig", "config.openservicemesh.io"), None)
    if config is None:
        return
    flags = dig(config, "spec.featureFlags") or {}
    traffic = dig(config, "spec.traffic") or {}
    if not flags.get("enableRetryPolicy"):
        for retry in of_kind(objects, "Retry", _GROUP):
            told = "counts for nothing: MeshConfig featureFlags.enableRetryPolicy is off"
            yield Problem(at(retry, "spec"), told, hint="switch it on")
    if traffic.get("enableEgress"):
        for egress in of_kind(objects, "Egress", _GROUP):
            told = "limits nothing: MeshConfig traffic.enableEgress opens every host"
            yield Problem(at(egress, "spec"), told, hint="set enableEgress to false")
    if traffic.get("enablePermissiveTrafficPolicyMode"):
        for target in of_kind(objects, "TrafficTarget"):
            told = "counts for nothing: MeshConfig is in permissive mode"
            hint = "set traffic.enablePermissiveTrafficPolicyMode to false"
            yield Problem(at(target, "spec"), told, hint=hint)


VALIDATORS = {
    "splits": smi.splits,
    "targets": smi.targets,
    "route-groups": smi.route_groups,
    "hosts": hosts,
    "switches": switches,
}
