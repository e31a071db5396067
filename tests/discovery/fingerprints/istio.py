"""A small Istio in unusual places, from a mirror."""

from typing import Any

from discovery.fingerprints.objects import (
    Document,
    config_map,
    container,
    crd,
    injector,
    namespace,
    pod,
    service,
    workload,
)

MIRROR = "mirror.example.org:5000/cache"
HOME = "traffic"
CRDS = [crd("virtualservices.networking.istio.io"), crd("telemetries.telemetry.istio.io")]
APP = container("web", "acme/web:1.0")


def istiod(
    revision: str = "default",
    version: str = "1.30.2",
    *,
    home: str = HOME,
    ready: int = 1,
    image: str = "",
    mesh: str = "trustDomain: acme.example.org\ndefaultConfig: {meshId: acme}\n",
) -> list[Document]:
    """A control plane with its configuration, Service and injector."""
    ending = "" if revision == "default" else f"-{revision}"
    labels = {"app": "istiod", "istio.io/rev": revision}
    calls = (home, f"istiod{ending}")
    return [
        workload(
            "Deployment",
            f"istiod{ending}",
            home,
            container("discovery", image or f"{MIRROR}/istio/pilot:{version}"),
            labels=labels,
            ready=ready,
        ),
        config_map(f"istio{ending}", home, {"mesh": mesh}),
        service(calls[1], home, app="istiod"),
        injector(
            f"istio-sidecar-injector{ending}-{home}",
            calls=calls,
            labels={"istio.io/rev": revision},
            namespaces={"matchLabels": wanted_label(revision)},
            objects={
                "matchExpressions": [
                    {"key": "sidecar.istio.io/inject", "operator": "NotIn", "values": ["false"]}
                ]
            },
        ),
    ]


def wanted_label(revision: str) -> dict[str, str]:
    if revision == "default":
        return {"istio-injection": "enabled"}
    return {"istio.io/rev": revision}


def meshed(
    name: str,
    home: str,
    *,
    version: str = "1.30.2",
    revision: str = "default",
    native: bool = False,
    image: str = "",
    **more: Any,
) -> Document:
    """A pod with its sidecar."""
    proxy = container("istio-proxy", image or f"{MIRROR}/istio/proxyv2:{version}")
    if native:
        proxy["restartPolicy"] = "Always"
    return pod(
        name,
        home,
        *((APP,) if native else (APP, proxy)),
        init=(proxy,) if native else (),
        annotations={"sidecar.istio.io/status": f'{{"revision":"{revision}"}}'},
        **more,
    )


def home_of(revision: str, name: str = "shop", **more: Any) -> Document:
    return namespace(name, labels=wanted_label(revision), **more)
