"""Schemas of Gateway API as far as Istio's objects use it: Gateway and HTTPRoute.

References and bounds of HTTPRoute are those of its CustomResourceDefinition, read in part in a
stored copy on 2026-11-22; the rest is typed from Gateway API's v1 without its newest fields.
"""

from meshery.meshes.schema import ANY, NAME, PORT, TEXT, fields, listing, one_of, resource, whole

_LISTENER = fields(
    ("name", "port", "protocol"),
    name=NAME,
    hostname=NAME,
    port=PORT,
    protocol=NAME,
    tls=fields(
        mode=one_of("Terminate", "Passthrough"),
        certificateRefs=listing(
            fields(("name",), group=TEXT, kind=NAME, name=NAME, namespace=TEXT), most=64
        ),
        options=ANY,
        frontendValidation=ANY,
    ),
    allowedRoutes=ANY,
)

GATEWAY = resource(
    fields(
        ("gatewayClassName", "listeners"),
        gatewayClassName=NAME,
        listeners=listing(_LISTENER, least=1, most=64),
        addresses=listing(ANY, most=16),
        infrastructure=ANY,
    )
)

_REF = fields(
    ("name",), group=TEXT, kind=NAME, name=NAME, namespace=TEXT, sectionName=NAME, port=PORT
)
_BACKEND = fields(
    ("name",),
    group=TEXT,
    kind=NAME,
    name=NAME,
    namespace=TEXT,
    port=PORT,
    weight=whole(0, 1_000_000),
    filters=listing(ANY, most=16),
)
_PATH = fields(type=one_of("Exact", "PathPrefix", "RegularExpression"), value=TEXT)
_RULE = fields(
    name=TEXT,
    matches=listing(
        fields(path=_PATH, headers=listing(ANY), queryParams=listing(ANY), method=TEXT), most=64
    ),
    filters=listing(ANY, most=16),
    backendRefs=listing(_BACKEND, most=16),
    timeouts=fields(request=TEXT, backendRequest=TEXT),
    retry=ANY,
    sessionPersistence=ANY,
)

HTTP_ROUTE = resource(
    fields(
        parentRefs=listing(_REF, most=32),
        hostnames=listing(NAME, most=16),
        rules=listing(_RULE, least=1, most=16),
    )
)
