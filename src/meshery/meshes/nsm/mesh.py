"""Network Service Mesh as data."""

from meshery.adapters.mesh import (
    Injection,
    Mesh,
    NativeKind,
    Operation,
    Status,
    Version,
    Versions,
)
from meshery.meshes.nsm.checks import VALIDATORS
from meshery.meshes.nsm.table import API_VERSION, render
from meshery.meshes.operations import COMMON
from meshery.meshes.schema import (
    BOOL,
    NAME,
    TEXTS,
    Schema,
    fields,
    listing,
    one_of,
    resource,
    whole,
)

VERSIONS = Versions(
    known=(
        Version(name="1.15.0"),
        Version(name="1.14.0"),
        Version(name="1.13.0"),
        Version(name="1.6.0"),
    ),
    as_of="2026-11-22",
    source="networkservicemesh/deployments-k8s, whose overlays of 1.6 to 1.15 are known here; "
    "patch releases and dates could not be verified",
)

STATUS = Status(
    state="active",
    as_of="2026-11-21",
    source="https://github.com/networkservicemesh/deployments-k8s",
    advice="alive but slow; installed by kubectl apply -k of its deployments-k8s (needs SPIRE), "
    "there is no chart of 1.x",
    has_installer=False,
)

# A client asks for a network by its name (networkservicemesh.io: kernel://SERVICE/INTERFACE), so
# there is nothing that could be set on a namespace for whatever runs in it.
INJECTION = Injection(mode="client")

_MATCH = fields(
    source_selector=TEXTS,
    fallthrough=BOOL,
    routes=listing(fields(destination_selector=TEXTS, weight=whole())),
    metadata=fields(labels=TEXTS),
)
_SPEC: Schema = fields(
    name=NAME, payload=one_of("ETHERNET", "IP"), matches=listing(_MATCH), path_ids=listing(NAME)
)

KINDS = (
    NativeKind(
        api_version=API_VERSION,
        kind="NetworkService",
        summary="A network that clients ask for, and how their endpoint is chosen",
        schema=resource(_SPEC),
    ),
)

OPERATIONS = (
    Operation(key="network_service_mesh", text="NSM", category="install", does="install"),
    *(each for each in COMMON if each.does in ("sample", "custom")),
)

MESH = Mesh(
    name="nsm",
    title="Network Service Mesh",
    smp="NETWORK_SERVICE_MESH",
    port=10004,
    status=STATUS,
    versions=VERSIONS,
    render=render,
    injection=INJECTION,
    kinds=KINDS,
    operations=OPERATIONS,
    validators=VALIDATORS,
)
