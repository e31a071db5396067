"""Citrix Service Mesh as data."""

from meshery.adapters.mesh import Injection, Mesh, Operation, Status, Version, Versions
from meshery.meshes.book_info import configurations
from meshery.meshes.citrix.migrate import MIGRATIONS
from meshery.meshes.citrix.table import render
from meshery.meshes.istio.mesh import MESH as ISTIO
from meshery.meshes.operations import CUSTOM

VERSIONS = Versions(
    known=(Version(name="1.14.0"),),
    as_of="2026-11-21",
    source="versions are Istio's; netscaler/netscaler-xds-adaptor 0.10.3 is of the days of 1.14",
)

STATUS = Status(
    state="ended",
    as_of="2026-11-21",
    source="https://github.com/netscaler/netscaler-xds-adaptor (last for Istio 1.14) and the "
    "original's adapter, archived in 2023; no announcement of an end and no date was found",
    advice="keep Istio and change its proxies to Envoy: take the label cpx-injection away, set "
    "istio-injection=enabled and restart. Policies stay as they are",
    has_installer=False,
)

INJECTION = Injection(mode="sidecar", namespace_labels={"cpx-injection": "enabled"})

OPERATIONS = (
    Operation(
        key="install_book_info",
        text="Book Info Application",
        category="sample",
        does="sample",
        argument="bookinfo",
    ),
    Operation(
        key="install_http_bin",
        text="HTTPbin Application",
        category="sample",
        does="sample",
        argument="httpbin",
    ),
    Operation(key="cpx_vet", text="Run cpx-vet", category="validate", does="check"),
    *configurations(render),
    CUSTOM,
)

MESH = Mesh(
    name="citrix",
    title="Citrix Service Mesh (CPX with Istio)",
    smp="CITRIX_SERVICE_MESH",
    port=10008,
    status=STATUS,
    versions=VERSIONS,
    render=render,
    injection=INJECTION,
    kinds=ISTIO.kinds,
    operations=OPERATIONS,
    validators=ISTIO.validators,
    migrations=MIGRATIONS,
)
