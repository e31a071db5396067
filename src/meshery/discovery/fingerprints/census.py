"""Which pods are in a mesh, which may be, and which were left out."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from meshery.discovery.fingerprints.injection import Wanted
from meshery.discovery.fingerprints.model import NotInjected, Reason
from meshery.discovery.fingerprints.pods import Owner, Pod
from meshery.discovery.fingerprints.proxies import Carried
from meshery.discovery.fingerprints.view import View, is_candidate

NODE_NETWORK = "it uses its node's network, where no proxy can stand in between"
UNASKED = "others in its namespace are in the mesh; neither it nor the namespace asks"


@dataclass(slots=True)
class Census:
    """Pods counted for one mesh, and the workloads of those in it."""

    eligible: int = 0
    meshed: int = 0
    workloads: set[Owner] = field(default_factory=set)
    left_out: list[NotInjected] = field(default_factory=list)
    unasked: list[NotInjected] = field(default_factory=list)


def take_census(view: View, carried: Iterable[Carried]) -> Census:
    """Count those `carried` and judge all others."""
    census = Census()
    known: set[tuple[str, str]] = set()
    homes: set[str] = set()
    for each in carried:
        known.add((each.pod.namespace, each.pod.name))
        if not each.is_mesh_itself:
            homes.add(each.pod.namespace)
            _count(each.pod, census, view)
    for pod, wanted in view.others:
        if (pod.namespace, pod.name) in known:
            continue
        if view.captures_nodes:
            _judge_on_node(pod, census, view)
        else:
            _judge(pod, wanted, census, view, homes)
    return census


def _count(pod: Pod, census: Census, view: View) -> None:
    if is_candidate(pod, view.common) and not pod.host_network:
        census.eligible += 1
        census.meshed += 1
        census.workloads.add(pod.owner)


def _judge_on_node(pod: Pod, census: Census, view: View) -> None:
    if pod.namespace in view.homes:
        return
    if pod.host_network:
        census.left_out.append(_line(pod, (Reason.HOST_NETWORK, NODE_NETWORK)))
        return
    census.eligible += 1
    why = (Reason.NODE_AGENT_MISSING, "no proxy of the mesh is ready on its node")
    census.left_out.append(_line(pod, why, eligible=True))


def _judge(pod: Pod, wanted: Wanted | None, census: Census, view: View, homes: set[str]) -> None:
    injector = view.injector
    if wanted is None:
        if pod.namespace in homes:
            census.unasked.append(_line(pod, (Reason.LABEL_ABSENT, UNASKED)))
    elif not wanted.inject:
        if injector.opted_out(pod) or (wanted.by_pod and pod.namespace in homes):
            why = (Reason.DISABLED_ON_POD, f"{wanted.decided} on the pod")
            census.left_out.append(_line(pod, why))
    elif pod.host_network:
        census.left_out.append(_line(pod, (Reason.HOST_NETWORK, NODE_NETWORK), wanted))
    else:
        census.eligible += 1
        why = injector.why_not(pod, wanted)
        census.left_out.append(_line(pod, why, wanted, eligible=True))


def _line(
    pod: Pod, why: tuple[Reason, str], wanted: Wanted | None = None, *, eligible: bool = False
) -> NotInjected:
    revision = wanted.revision if wanted else ""
    return NotInjected(
        pod.namespace, pod.owner.name, pod.name, *why, eligible=eligible, revision=revision
    )
