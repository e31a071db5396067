"""Behaviours from flags of a command line, for those that need only a few words.

    apply split api --weights v1=90,v2=10
    apply fault api --delay 100ms --percent 50
    apply fault api --abort 503 --percent 20
    apply retry api --attempts 3
    apply timeout api --request 500ms
    apply route api --header x-user=jason --to v2
    apply access api --deny web
    apply mtls api --mode permissive
    apply ratelimit api --requests 100
    apply mirror api --to v2

The server judges the values; here only the form is made. Anything else is said in a file.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from meshery.core.errors import InvalidInputError

Flags = Mapping[str, Any]


def behaviour_of(
    kind: str, target: str, *, name: str = "", source: str = "", flags: Flags
) -> dict[str, Any]:
    """The plain document of a behaviour. InvalidInputError when flags are missing or foreign."""
    if kind not in _MAKERS:
        raise InvalidInputError(
            f"{kind} has no flags of its own",
            remedy=f"write it to a file and give it with -f; flags make {', '.join(_MAKERS)}",
        )
    taken, make = _MAKERS[kind]
    given = {word for word, value in flags.items() if value not in (None, (), "")}
    foreign = sorted(given - set(taken))
    if foreign:
        raise InvalidInputError(
            f"{kind} takes no {', '.join('--' + word for word in foreign)}",
            remedy=f"it takes {', '.join('--' + word for word in taken)}",
        )
    document: dict[str, Any] = {
        "name": name or f"{kind}-{target}",
        "kind": kind,
        "target": {"service": target},
        "params": make(flags),
    }
    if source:
        document["source"] = source
    return document


def _split(flags: Flags) -> dict[str, Any]:
    weights = str(_needed(flags, "weights", "--weights v1=90,v2=10"))
    backends = []
    for part in weights.split(","):
        subset, sign, weight = part.strip().partition("=")
        if not sign or not weight.strip().isdecimal():
            raise InvalidInputError(f"{part!r} is no weight", remedy="write --weights v1=90,v2=10")
        backends.append({"subset": subset.strip(), "weight": int(weight)})
    return {"backends": backends} | _match(flags)


def _fault(flags: Flags) -> dict[str, Any]:
    percent = 100.0 if flags.get("percent") is None else float(flags["percent"])
    params: dict[str, Any] = {}
    if flags.get("delay"):
        params["delay"] = {"duration": flags["delay"], "percent": percent}
    if flags.get("abort"):
        params["abort"] = {"status": flags["abort"], "percent": percent}
    if not params:
        raise InvalidInputError(
            "a fault needs --delay or --abort", remedy="write --delay 100ms --percent 50"
        )
    return params | _match(flags)


def _route(flags: Flags) -> dict[str, Any]:
    version = _needed(flags, "to", "--header x-user=jason --to v2")
    match = _match(flags)
    if not match:
        raise InvalidInputError("a route needs --header or --path to match")
    return {"backends": [{"subset": version}], **match}


def _access(flags: Flags) -> dict[str, Any]:
    found = [(action, flags.get(action) or ()) for action in ("allow", "deny")]
    given = [(action, callers) for action, callers in found if callers]
    if len(given) != 1:
        raise InvalidInputError(
            "an access rule needs either --allow or --deny", remedy="write --deny web"
        )
    action, callers = given[0]
    return {"action": action, "from": [{"identity": caller} for caller in callers]}


def _retry(flags: Flags) -> dict[str, Any]:
    return {"attempts": flags["attempts"]} if flags.get("attempts") else {}


def _timeout(flags: Flags) -> dict[str, Any]:
    return {"request": _needed(flags, "request", "--request 500ms")}


def _mtls(flags: Flags) -> dict[str, Any]:
    return {"mode": _needed(flags, "mode", "--mode strict")}


def _ratelimit(flags: Flags) -> dict[str, Any]:
    limit = {"requests": _needed(flags, "requests", "--requests 100")}
    return limit | ({"per": flags["per"]} if flags.get("per") else {})


def _mirror(flags: Flags) -> dict[str, Any]:
    params: dict[str, Any] = {"to": {"subset": _needed(flags, "to", "--to v2")}}
    if flags.get("percent") is not None:
        params["percent"] = float(flags["percent"])
    return params


_MAKERS: dict[str, tuple[tuple[str, ...], Any]] = {
    "split": (("weights", "header", "path"), _split),
    "fault": (("delay", "abort", "percent", "header", "path"), _fault),
    "retry": (("attempts",), _retry),
    "timeout": (("request",), _timeout),
    "route": (("header", "path", "to"), _route),
    "access": (("allow", "deny"), _access),
    "mtls": (("mode",), _mtls),
    "ratelimit": (("requests", "per"), _ratelimit),
    "mirror": (("to", "percent"), _mirror),
}
KINDS = tuple(_MAKERS)


def _match(flags: Flags) -> dict[str, Any]:
    match: dict[str, Any] = {}
    if flags.get("header"):
        match["headers"] = [_header(text) for text in _texts(flags["header"])]
    if flags.get("path"):
        match["path"] = {"prefix": flags["path"]}
    return {"match": match} if match else {}


def _header(text: str) -> dict[str, str]:
    name, sign, value = text.partition("=")
    return {"name": name.strip(), "exact": value.strip()} if sign else {"name": name.strip()}


def _texts(value: Sequence[str]) -> list[str]:
    return [str(item) for item in value]


def _needed(flags: Flags, word: str, example: str) -> Any:
    value = flags.get(word)
    if value in (None, ""):
        raise InvalidInputError(f"--{word} is missing", remedy=f"write {example}")
    return value
