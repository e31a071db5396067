"""Schemas of what is no policy: the mesh, identities, services beyond it, the built-in gateway."""

from meshery.adapters.mesh import NativeKind
from meshery.meshes.kuma.kinds.policies import API_VERSION
from meshery.meshes.kuma.kinds.references import DURATION
from meshery.meshes.schema import (
    ANY,
    BOOL,
    NAME,
    PORT,
    TEXT,
    TEXTS,
    Schema,
    fields,
    listing,
    one_of,
    resource,
    text,
    whole,
)

_SOURCE = fields(
    ("type",),
    type=one_of("Secret", "File", "EnvVar", "InsecureInline"),
    secretRef=fields(("kind", "name"), kind=one_of("Secret"), name=NAME),
    file=fields(("path",), path=NAME),
    envVar=fields(("name",), name=NAME),
    insecureInline=fields(("value",), value=TEXT),
)
_IDENTITY = fields(
    ("provider",),
    selector=fields(dataplane=fields(matchLabels=TEXTS)),
    spiffeID=fields(trustDomain=NAME, path=text("^/")),
    provider=fields(
        ("type",),
        type=one_of("Bundled", "Spire"),
        bundled=fields(
            meshTrustCreation=one_of("Enabled", "Disabled"),
            insecureAllowSelfSigned=BOOL,
            autogenerate=fields(enabled=BOOL),
            ca=fields(certificate=_SOURCE, privateKey=_SOURCE),
            certificateParameters=fields(expiry=DURATION),
        ),
        spire=fields(agent=fields(timeout=DURATION)),
    ),
)
_EXTERNAL = fields(
    ("match",),
    match=fields(
        ("port",),
        type=one_of("HostnameGenerator"),
        port=PORT,
        protocol=one_of("tcp", "grpc", "http", "http2"),
    ),
    endpoints=listing(fields(("address", "port"), address=NAME, port=PORT, priority=whole(0, 128))),
    tls=ANY,
    extension=ANY,
)
_MULTI_ZONE = fields(
    ("selector", "ports"),
    selector=fields(("meshService",), meshService=fields(matchLabels=TEXTS)),
    ports=listing(
        fields(
            ("port",),
            name=NAME,
            port=PORT,
            appProtocol=one_of("tcp", "grpc", "http", "http2", "tls"),
        ),
        least=1,
    ),
)
_GATEWAY = fields(
    ("selectors", "conf"),
    selectors=listing(fields(match=TEXTS), least=1),
    conf=fields(
        ("listeners",),
        listeners=listing(
            fields(
                ("port", "protocol"),
                port=PORT,
                protocol=one_of("TCP", "TLS", "HTTP", "HTTPS"),
                hostname=NAME,
                tls=fields(
                    mode=one_of("TERMINATE", "PASSTHROUGH"),
                    certificates=listing(fields(("secret",), secret=NAME), most=1),
                ),
                tags=TEXTS,
                crossMesh=BOOL,
            ),
            least=1,
        ),
    ),
    tags=TEXTS,
)
_INSTANCE = fields(
    replicas=whole(0),
    serviceType=one_of("LoadBalancer", "ClusterIP", "NodePort"),
    tags=TEXTS,
    resources=ANY,
    serviceTemplate=ANY,
    podTemplate=ANY,
)
# The API keeps unknown fields of a Mesh, and 3.0 ignores all of it but its name.
_MESH: Schema = {
    "type": "object",
    "x-kubernetes-preserve-unknown-fields": True,
    "properties": {
        "mtls": fields(
            enabledBackend=TEXT,
            backends=listing(
                fields(
                    ("name", "type"),
                    name=NAME,
                    type=NAME,
                    mode=one_of("STRICT", "PERMISSIVE"),
                    conf=ANY,
                    dpCert=ANY,
                    rootChain=ANY,
                )
            ),
            skipValidation=BOOL,
        )
    },
}


def _kind(
    kind: str,
    summary: str,
    spec: Schema,
    *,
    since: str = "2.0.0",
    until: str = "",
    is_namespaced: bool = True,
) -> NativeKind:
    return NativeKind(
        api_version=API_VERSION,
        kind=kind,
        summary=summary,
        schema=resource(spec),
        since=since,
        until=until,
        is_namespaced=is_namespaced,
    )


RESOURCES = (
    _kind("Mesh", "A mesh of the control plane", _MESH, is_namespaced=False),
    _kind("MeshIdentity", "Which identities proxies are given", _IDENTITY, since="2.12.0"),
    _kind("MeshExternalService", "A service beyond the mesh", _EXTERNAL, since="2.8.0"),
    _kind("MeshMultiZoneService", "A service of all zones", _MULTI_ZONE, since="2.9.0"),
    _kind("MeshGateway", "The built-in gateway", _GATEWAY, until="3.0.0", is_namespaced=False),
    _kind("MeshGatewayInstance", "Pods of the built-in gateway", _INSTANCE, until="3.0.0"),
)
