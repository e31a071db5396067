"""The Services of a broker. Pure: what is asked for goes in, documents come out.

Each server of several has a Service of its own. Routes between the servers go by these addresses,
which stay when a pod is replaced, and which need no name service.
"""

from collections.abc import Sequence
from typing import Any

from meshery.operator.broker_frame import BrokerFrame, Document
from meshery.operator.model import CLIENT_PORT, MONITOR_PORT, ROUTE_PORT

_POD_NAME = "statefulset.kubernetes.io/pod-name"


def services(frame: BrokerFrame) -> list[Document]:
    """The Service of the broker, the headless one, one outside and one a server as needed."""
    ports = [_port("nats", CLIENT_PORT), _port("monitor", MONITOR_PORT)]
    within = [*ports, _port("cluster", ROUTE_PORT)]
    found = [
        _service(frame, frame.name, ports=ports),
        _service(
            frame,
            f"{frame.name}-headless",
            ports=within,
            clusterIP="None",
            publishNotReadyAddresses=True,
        ),
    ]
    if frame.spec.service.type != "ClusterIP":
        found.append(_outside(frame))
    return found + [_of_replica(frame, name, within) for name in frame.replicas]


def _outside(frame: BrokerFrame) -> Document:
    """The Service for those outside; the monitor, which asks for no login, is not offered."""
    wanted = frame.spec.service
    more: Document = {"type": wanted.type}
    if wanted.type == "LoadBalancer":
        if wanted.load_balancer_class:
            more["loadBalancerClass"] = wanted.load_balancer_class
        if wanted.load_balancer_source_ranges:
            more["loadBalancerSourceRanges"] = list(wanted.load_balancer_source_ranges)
    ports = [_port("nats", CLIENT_PORT)]
    document = _service(frame, f"{frame.name}-external", ports=ports, **more)
    if wanted.annotations:
        document["metadata"]["annotations"] = dict(wanted.annotations)
    return document


def _of_replica(frame: BrokerFrame, name: str, ports: Sequence[Document]) -> Document:
    # Routes must be there before the servers can be ready.
    document = _service(frame, name, ports=ports, publishNotReadyAddresses=True)
    document["spec"]["selector"] = {_POD_NAME: name}
    return document


def _service(frame: BrokerFrame, name: str, *, ports: Sequence[Document], **more: Any) -> Document:
    document = frame.document("v1", "Service", name)
    document["spec"] = {
        "type": "ClusterIP",
        "ports": list(ports),
        "selector": frame.labels,
        **more,
    }
    return document


def _port(name: str, number: int) -> Document:
    return {"name": name, "port": number, "targetPort": number, "protocol": "TCP"}
