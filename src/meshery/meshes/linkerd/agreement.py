"""What several behaviours of one Server come to together.

Policies of Linkerd add up: whoever one of them allows comes in. So a deny of everything takes the
others away, a demand for identities is added to each, and a policy that only says "anyone meshed"
goes where callers are named.
"""

from collections.abc import Iterator, Sequence

from meshery.adapters.draft import Draft, Object, native
from meshery.behaviours.model import Fidelity, Kind
from meshery.behaviours.security import Access, Mtls
from meshery.meshes.linkerd.parts import POLICY, reference, sentence
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
        own = _servers(draft)
        if own and own <= shut:
            draft.unsupported(
                "another behaviour denies everything to the target, and a deny wins",
                "take the deny away: what no allow takes is refused anyway",
            )
        elif own & shut:
            _take_away(draft, own & shut)


def _take_away(draft: Draft, shut: set[Name]) -> None:
    """What an allow has at Servers that are shut, and what nothing of it needs any more."""
    policies = {id(each) for each, server_of in _policies(draft) if server_of in shut}
    routes = {id(each) for each in draft.objects if _parent(each) in shut}
    draft.objects[:] = [each for each in draft.objects if id(each) not in policies | routes]
    needed = {
        (each["metadata"]["namespace"], ref["name"])
        for each, _ in _policies(draft)
        for ref in each["spec"]["requiredAuthenticationRefs"]
    }
    draft.objects[:] = [
        each
        for each in draft.objects
        if not each["kind"].endswith("Authentication") or _name(each) in needed
    ]
    names = sentence(sorted(name for _, name in shut))
    draft.note(f"another behaviour denies everything at {names}, and a deny wins there")


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
        asking = [
            (each, server_of)
            for each, server_of in _policies(draft)
            if server_of in servers or server_of[0] in namespaces
        ]
        _ask_for_identities(draft, asking)


def _ask_for_identities(draft: Draft, policies: Sequence[tuple[Object, Name]]) -> None:
    for each, (home, server_of) in policies:
        name = f"{server_of}-meshed"
        refs = each["spec"]["requiredAuthenticationRefs"]
        if any(ref["kind"] == "MeshTLSAuthentication" for ref in refs):
            continue
        each["spec"]["requiredAuthenticationRefs"] = [
            reference("MeshTLSAuthentication", name),
            *refs,
        ]
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


def _policies(draft: Draft) -> list[tuple[Object, Name]]:
    """The policies of a draft, each with the Server that it is for, itself or by a route."""
    routes = {_name(each): _parent(each) for each in draft.objects if each["kind"] == "HTTPRoute"}
    found = []
    for each in draft.objects:
        if each["kind"] == "AuthorizationPolicy":
            target = (each["metadata"]["namespace"], each["spec"]["targetRef"]["name"])
            is_routed = each["spec"]["targetRef"]["kind"] == "HTTPRoute"
            found.append((each, routes[target] if is_routed else target))
    return found


def _parent(made: Object) -> Name:
    """The Server of a route; no name for what is none."""
    if made["kind"] != "HTTPRoute":
        return ("", "")
    return (made["metadata"]["namespace"], made["spec"]["parentRefs"][0]["name"])


def _name(made: Object) -> Name:
    return (made["metadata"]["namespace"], made["metadata"]["name"])
