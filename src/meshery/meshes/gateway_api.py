"""Kinds of the Gateway API that renderers of several meshes write, with their schemas.

Typed from the API's reference (v1 and v1beta1, bundle 1.2; gateway-api.sigs.k8s.io, read
2026-11-22). Routes are those of a mesh (a Service or a mesh's own kind as parent) as well as those
of a Gateway.
"""

from meshery.adapters.mesh import NativeKind
from meshery.meshes.schema import (
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

GROUP = "gateway.networking.k8s.io"
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH")
_HOST = text(r"^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$")
_HEADER = text(r"^[A-Za-z0-9!#$%&'*+\-.^_`|~]+$")
_DURATION = text(r"^([0-9]{1,5}(h|m|s|ms)){1,4}$")
_MATCH_TYPE = one_of("Exact", "RegularExpression")
_HEADER_VALUE = fields(("name", "value"), name=_HEADER, value=TEXT)
_HEADERS = fields(
    set_=listing(_HEADER_VALUE, most=16),
    add=listing(_HEADER_VALUE, most=16),
    remove=listing(TEXT, most=16),
)
_PARENT = fields(
    ("name",), group=TEXT, kind=TEXT, namespace=NAME, name=NAME, sectionName=NAME, port=PORT
)
_BACKEND = fields(
    ("name",),
    group=TEXT,
    kind=TEXT,
    namespace=NAME,
    name=NAME,
    port=PORT,
    weight=whole(0, 1_000_000),
)
_PATH_CHANGE = fields(
    ("type",),
    type=one_of("ReplaceFullPath", "ReplacePrefixMatch"),
    replaceFullPath=TEXT,
    replacePrefixMatch=TEXT,
)
_REDIRECT = fields(
    scheme=one_of("http", "https"),
    hostname=_HOST,
    path=_PATH_CHANGE,
    port=PORT,
    statusCode={"type": "integer", "enum": [301, 302, 303, 307, 308]},
)
_MIRROR = fields(
    ("backendRef",),
    backendRef=_BACKEND,
    percent=whole(0, 100),
    fraction=fields(("numerator",), numerator=whole(0), denominator=whole(1)),
)
_FILTER = fields(
    ("type",),
    type=one_of(
        "RequestHeaderModifier",
        "ResponseHeaderModifier",
        "RequestMirror",
        "RequestRedirect",
        "URLRewrite",
        "ExtensionRef",
    ),
    requestHeaderModifier=_HEADERS,
    responseHeaderModifier=_HEADERS,
    requestMirror=_MIRROR,
    requestRedirect=_REDIRECT,
    urlRewrite=fields(hostname=_HOST, path=_PATH_CHANGE),
    extensionRef=fields(("group", "kind", "name"), group=TEXT, kind=NAME, name=NAME),
)
_MATCH = fields(
    path=fields(type=one_of("Exact", "PathPrefix", "RegularExpression"), value=TEXT),
    headers=listing(fields(("name", "value"), type=_MATCH_TYPE, name=_HEADER, value=NAME), most=16),
    queryParams=listing(
        fields(("name", "value"), type=_MATCH_TYPE, name=_HEADER, value=NAME), most=16
    ),
    method=one_of(*METHODS),
)
_HTTP_BACKEND: Schema = {
    **_BACKEND,
    "properties": {**_BACKEND["properties"], "filters": listing(_FILTER, most=16)},
}
_HTTP_RULE = fields(
    name=NAME,
    matches=listing(_MATCH, most=64),
    filters=listing(_FILTER, most=16),
    backendRefs=listing(_HTTP_BACKEND, most=16),
    timeouts=fields(request=_DURATION, backendRequest=_DURATION),
)
HTTP_ROUTE = resource(
    fields(
        parentRefs=listing(_PARENT, most=32),
        hostnames=listing(_HOST, most=16),
        rules=listing(_HTTP_RULE, least=1, most=16),
    )
)
_L4_RULES = listing(fields(name=NAME, backendRefs=listing(_BACKEND, most=16)), least=1, most=16)
TLS_ROUTE = resource(
    fields(
        ("rules",),
        parentRefs=listing(_PARENT, most=32),
        hostnames=listing(_HOST, most=16),
        rules=_L4_RULES,
    )
)
TCP_ROUTE = resource(fields(("rules",), parentRefs=listing(_PARENT, most=32), rules=_L4_RULES))
_LISTENER = fields(
    ("name", "port", "protocol"),
    name=NAME,
    hostname=_HOST,
    port=PORT,
    protocol=one_of("HTTP", "HTTPS", "TCP", "TLS", "UDP"),
    tls=fields(
        mode=one_of("Terminate", "Passthrough"),
        certificateRefs=listing(
            fields(("name",), group=TEXT, kind=TEXT, namespace=NAME, name=NAME), most=64
        ),
        options=TEXTS,
    ),
    allowedRoutes=fields(
        namespaces=fields(
            from_=one_of("All", "Same", "Selector"), selector=fields(matchLabels=TEXTS)
        ),
        kinds=listing(fields(("kind",), group=TEXT, kind=NAME)),
    ),
)
GATEWAY = resource(
    fields(
        ("gatewayClassName", "listeners"),
        gatewayClassName=NAME,
        listeners=listing(_LISTENER, least=1, most=64),
        infrastructure=fields(labels=TEXTS, annotations=TEXTS),
    )
)
_REFERENCE_GRANT = resource(
    fields(
        ("from", "to"),
        from_=listing(
            fields(("group", "kind", "namespace"), group=TEXT, kind=NAME, namespace=NAME), least=1
        ),
        to=listing(fields(("group", "kind"), group=TEXT, kind=NAME, name=NAME), least=1),
    )
)


def gateway_kinds(*versions: str) -> tuple[NativeKind, ...]:
    """HTTPRoute and Gateway at these versions of the API, and what goes with them."""
    made = []
    for version in versions:
        api = f"{GROUP}/{version}"
        made.append(
            NativeKind(
                api_version=api,
                kind="HTTPRoute",
                summary="Routes of requests",
                schema=HTTP_ROUTE,
            )
        )
        made.append(
            NativeKind(
                api_version=api, kind="Gateway", summary="A way into the mesh", schema=GATEWAY
            )
        )
    made.append(
        NativeKind(
            api_version=f"{GROUP}/v1beta1",
            kind="ReferenceGrant",
            summary="Leave to refer to objects of another namespace",
            schema=_REFERENCE_GRANT,
        )
    )
    return tuple(made)
