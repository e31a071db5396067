"""Schemas of trust: PeerAuthentication, AuthorizationPolicy, RequestAuthentication.

Source: the CustomResourceDefinition of AuthorizationPolicy of Istio 1.31, and the vendor's
references of the other two, read in stored copies on 2026-11-22.
"""

from typing import Any

from meshery.meshes.istio.kinds.parts import LABEL_SELECTOR, NAMES, TARGET_REF, TARGET_REFS
from meshery.meshes.schema import (
    BOOL,
    NAME,
    TEXT,
    Schema,
    fields,
    listing,
    one_of,
    resource,
)


def _attached(spec: Schema) -> Schema:
    """At most one of a selector and references to what is meant."""
    kinds = ("selector", "targetRef", "targetRefs")
    pairs = [
        {"required": [one, other]}
        for place, one in enumerate(kinds)
        for other in kinds[place + 1 :]
    ]
    return {**spec, "not": {"anyOf": pairs}}


_WHERE: dict[str, Any] = {
    "selector": LABEL_SELECTOR,
    "targetRef": TARGET_REF,
    "targetRefs": TARGET_REFS,
}
_MODE = fields(mode=one_of("UNSET", "DISABLE", "PERMISSIVE", "STRICT"))

PEER_AUTHENTICATION = resource(
    fields(
        selector=LABEL_SELECTOR,
        mtls=_MODE,
        portLevelMtls={
            "type": "object",
            "additionalProperties": _MODE,
            "propertyNames": {"pattern": "^[0-9]+$"},
        },
    )
)

_ACCOUNTS = listing({"type": "string", "maxLength": 320}, most=16)
_SOURCE = fields(
    principals=NAMES,
    notPrincipals=NAMES,
    requestPrincipals=NAMES,
    notRequestPrincipals=NAMES,
    namespaces=NAMES,
    notNamespaces=NAMES,
    ipBlocks=NAMES,
    notIpBlocks=NAMES,
    remoteIpBlocks=NAMES,
    notRemoteIpBlocks=NAMES,
    serviceAccounts=_ACCOUNTS,
    notServiceAccounts=_ACCOUNTS,
)
_OPERATION = fields(
    hosts=NAMES,
    notHosts=NAMES,
    ports=NAMES,
    notPorts=NAMES,
    methods=NAMES,
    notMethods=NAMES,
    paths=NAMES,
    notPaths=NAMES,
)
_WHEN = fields(("key",), key=NAME, values=NAMES, notValues=NAMES)
_RULE = fields(
    from_=listing(fields(source=_SOURCE), most=512),
    to=listing(fields(operation=_OPERATION)),
    when=listing(_WHEN),
)

AUTHORIZATION_POLICY = resource(
    _attached(
        fields(
            **_WHERE,
            action=one_of("ALLOW", "DENY", "AUDIT", "CUSTOM"),
            rules=listing(_RULE, most=512),
            provider=fields(name=TEXT),
        )
    )
)

_JWT = fields(
    ("issuer",),
    issuer=NAME,
    audiences=NAMES,
    jwksUri=TEXT,
    jwks=TEXT,
    fromHeaders=listing(fields(("name",), name=NAME, prefix=TEXT)),
    fromParams=NAMES,
    fromCookies=NAMES,
    outputPayloadToHeader=TEXT,
    outputClaimToHeaders=listing(fields(("header", "claim"), header=NAME, claim=NAME)),
    forwardOriginalToken=BOOL,
    timeout=TEXT,
    spaceDelimitedClaims=NAMES,
)

REQUEST_AUTHENTICATION = resource(_attached(fields(**_WHERE, jwtRules=listing(_JWT, most=4096))))
