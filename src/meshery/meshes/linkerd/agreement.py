"""What several behaviours of one Server come to together.

Policies of Linkerd add up: whoever one of them allows comes in. So a deny of everything takes the
others away, a demand for identities is added to each, and a policy that only says "anyone meshed"
goes where callers are named.
"""

from collections.abc import Iterator, Sequence

from meshery.adapters.draft import Draft, Object, native
from meshery.behaviours.model import Fidelity, Kind
from meshery.behaviours.security import Access, Mtls
from meshery.meshes.linkerd.parts import POLICY, reference
from meshery.meshes.linkerd.security import STRICTEST

Name = tuple[str, str]


def agree(drafts: Sequence[Draft]) -> None:
    """Drafts of one place, made to agree where they share a Server."""
    _denied(drafts)
    _named_callers(drafts)
    _identities(drafts)


def strictest(made: Object) -> Object:
    """A Server with the strictest of the policies that were wished for."""
    wished = made["spec"].get("accessPolicy")
    if wished is not None:
        made["spec"]["accessPolicy"] = next(each for each in STRICTEST if each in wished)
    return made


def _denied(drafts: Sequence[Draft]) -> None:
    """A deny wins: where a Server denies everything, no policy may allow anything at it."""
    shut = {name for draft in _access(drafts, "deny") for name in _servers(draft)}
    for draft in _access(drafts, "allow"):
        if _servers(draft) & shut:
            draft.unsupported(
                "another behaviour denies everything to the target, and a deny wins",
                "take the deny away: what no allow takes is refused anyway",
            )


def _named_callers(drafts: Sequence[Draft]) -> None:
    """A policy for any caller is needless, and too much, where callers are named."""
    named = {
        name
        for action in ("allow", "deny")
        for draft in _access(drafts, action)
        for name in _servers(draft)
    }
    for draft in _of(drafts, Kind.MTLS):
        for each in list(draft.objects):
            if each["kind"] != "AuthorizationPolicy":
                continue
            target = (each["metadata"]["namespace"], each["spec"]["targetRef"]["name"])
            if target in named:
                needed = {ref["name"] for ref in each["spec"]["requiredAuthenticationRefs"]}
                draft.objects[:] = [
                    other
                    for other in draft.objects
                    if other is not each and other["metadata"]["name"] not in needed
                ]


def _identities(drafts: Sequence[Draft]) -> None:
    """Where mutual TLS is demanded, a policy that asks for no identity asks for any."""
    servers, namespaces = set(), set()
    for draft in _of(drafts, Kind.MTLS):
        if draft.params(Mtls).mode == "strict":
            servers |= _servers(draft)
            namespaces |= {
                each["metadata"]["name"] for each in draft.objects if each["kind"] == "Namespace"
            }
    for draft in _access(drafts, "allow"):
        own = _servers(draft)
        if own & servers or {namespace for namespace, _ in own} & namespaces:
            _ask_for_identities(draft)


def _ask_for_identities(draft: Draft) -> None:
    name = f"{draft.service.name}-meshed"
    for each in list(draft.objects):
        if each["kind"] != "AuthorizationPolicy":
            continue
        refs = each["spec"]["requiredAuthenticationRefs"]
        if any(ref["kind"] == "MeshTLSAuthentication" for ref in refs):
            continue
        each["spec"]["requiredAuthenticationRefs"] = [
            reference("MeshTLSAuthentication", name),
            *refs,
        ]
        home = each["metadata"]["namespace"]
        anyone = {"identities": ["*"]}
        draft.put(native(f"{POLICY}/v1alpha1", "MeshTLSAuthentication", name, home, anyone))


def _of(drafts: Sequence[Draft], kind: Kind) -> Iterator[Draft]:
    for draft in drafts:
        if draft.behaviour.kind is kind and draft.fidelity is not Fidelity.UNSUPPORTED:
            yield draft


def _access(drafts: Sequence[Draft], action: str) -> Iterator[Draft]:
    return (each for each in _of(drafts, Kind.ACCESS) if each.params(Access).action == action)


def _servers(draft: Draft) -> set[Name]:
    return {
        (each["metadata"]["namespace"], each["metadata"]["name"])
        for each in draft.objects
        if each["kind"] == "Server"
    }
