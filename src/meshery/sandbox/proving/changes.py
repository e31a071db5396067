"""Proofs of what a route changes: path, host and headers on the way, or a redirect.

The application shows the request that reached it (`?echo`), so a change is read where it arrives.
"""

from collections.abc import Mapping

import msgspec

from meshery.behaviours.model import Behaviour
from meshery.behaviours.traffic import Backend, HeaderChanges, PathRewrite, Redirect, Route
from meshery.sandbox.app.message import header_lines
from meshery.sandbox.model import World
from meshery.sandbox.probe import Answer, Ask
from meshery.sandbox.proof import Proof, prove_traits
from meshery.sandbox.proving.requests import (
    demand_perfect,
    no_proof,
    request_for,
    server_of,
    word,
)

_BELOW = "/proof"
_SHOW = "echo"
_OLD = "before"
"""The value of a header that is to be replaced or removed."""


async def prove_redirect(
    world: World, behaviour: Behaviour, params: Route, redirect: Redirect, samples: int
) -> Proof:
    """The caller is told the status and the whole new address."""
    request = _request(world, behaviour, params, redirect.path)
    path, mark, query = request.path.partition("?")
    scheme, host = redirect.scheme or "http", redirect.host or behaviour.target.service
    port = f":{redirect.port}" if redirect.port else ""
    location = f"{scheme}://{host}{port}{_new_path(params, redirect.path, path)}{mark}{query}"

    def traits(answer: Answer) -> dict[str, object]:
        return {"status": answer.status, "location": answer.headers.get("location", "")}

    return await prove_traits(
        request,
        {"status": int(redirect.status), "location": location},
        traits,
        kind=behaviour.kind.value,
        name=behaviour.name,
        samples=samples,
    )


async def prove_changes(world: World, behaviour: Behaviour, params: Route, samples: int) -> Proof:
    """Path, host and headers arrive as they shall, at the backend that is meant."""
    if len(params.backends) > 1:
        raise no_proof(behaviour, "it changes requests and divides them; divide them by a split")
    backend = params.backends[0] if params.backends else Backend(behaviour.target.service)
    demand_perfect(world, behaviour, backend.service or behaviour.target.service)
    rewritten = params.rewrite.path if params.rewrite else None
    plain = _request(world, behaviour, params, rewritten)
    request = _with_old(plain, params.header_ops.request)
    expected: dict[str, str] = {"served by": word(behaviour, backend)}
    if rewritten is not None:
        expected["path"] = _new_path(params, rewritten, plain.path.partition("?")[0])
    if params.rewrite is not None and params.rewrite.host is not None:
        expected["host"] = params.rewrite.host
    expected |= _headers("request", params.header_ops.request, dict(request.headers))
    expected |= _headers("response", params.header_ops.response, {})

    def traits(answer: Answer) -> dict[str, str]:
        return {
            "served by": server_of(world, behaviour, backend, answer),
            **_seen(answer, expected),
        }

    shown = msgspec.structs.replace(request, path=_with_echo(request.path))
    return await prove_traits(
        shown,
        expected,
        traits,
        kind=behaviour.kind.value,
        name=behaviour.name,
        samples=samples,
    )


def _request(world: World, behaviour: Behaviour, params: Route, change: PathRewrite | None) -> Ask:
    """A request that matches; where a prefix is replaced, for something below it."""
    request = request_for(world, behaviour, params.match, path=_BELOW)
    if change is None or change.prefix is None:
        return request
    path, mark, query = request.path.partition("?")
    below = path.rstrip("/") + _BELOW
    return msgspec.structs.replace(request, path=f"{below}{mark}{query}")


def _new_path(params: Route, change: PathRewrite | None, path: str) -> str:
    """What a path becomes."""
    if change is None:
        return path
    if change.full is not None:
        return change.full
    matched = (params.match.path.prefix if params.match.path else None) or "/"
    rest = path.removeprefix(matched.rstrip("/"))
    return (change.prefix or "").rstrip("/") + rest


def _with_old(request: Ask, changes: HeaderChanges) -> Ask:
    """The request with something to replace or to remove, where the match does not set it."""
    given = {name.lower() for name, _ in request.headers}
    names = [name for name in (*changes.set_, *changes.remove) if name.lower() not in given]
    old = tuple((name, _OLD) for name in dict.fromkeys(names))
    return msgspec.structs.replace(request, headers=(*request.headers, *old))


def _headers(side: str, changes: HeaderChanges, sent: Mapping[str, str]) -> dict[str, str]:
    """The headers that shall arrive: values of one name in turn, none as an empty text."""
    values = {name.lower(): [value] for name, value in sent.items()}
    touched = dict.fromkeys(name.lower() for name in (*changes.remove, *changes.set_, *changes.add))
    for name in changes.remove:
        values.pop(name.lower(), None)
    for name, value in changes.set_.items():
        values[name.lower()] = [value]
    for name, value in changes.add.items():
        values.setdefault(name.lower(), []).append(value)
    last = slice(-1, None) if side == "response" else slice(None)  # the last one is what is read
    return {f"{side} header {name}": ",".join(values.get(name, [])[last]) for name in touched}


def _seen(answer: Answer, expected: Mapping[str, str]) -> dict[str, str]:
    """The traits of a request that an application shows, and of its answer."""
    head = answer.body.partition(b"\r\n\r\n")[0]
    line = head.partition(b"\r\n")[0].decode("latin-1").split(" ")
    arrived: dict[str, list[str]] = {}
    for name, value in header_lines(head):
        arrived.setdefault(name.lower(), []).append(value)
    seen = {
        "path": line[1].partition("?")[0] if len(line) == 3 else "",
        "host": ",".join(arrived.get("host", [])),
    }
    for trait in expected:
        side, _, name = trait.partition(" header ")
        if name and side == "request":
            seen[trait] = ",".join(arrived.get(name, []))
        elif name:
            seen[trait] = answer.headers.get(name, "")
    return seen


def _with_echo(path: str) -> str:
    return f"{path}{'&' if '?' in path else '?'}{_SHOW}"
