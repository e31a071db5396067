"""What `perf apply` sends: a stored profile's name, a file's profile, or a quick one of flags.

Flags change a file's profile; a stored profile runs as it is stored.
"""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import msgspec

from meshery.core.durations import parse_duration
from meshery.core.errors import InvalidInputError
from meshery.performance.model import Endpoint, Profile
from meshery.performance.profile import parse_profile, profile_document


def run_body(
    reference: str,
    *,
    name: str,
    url: str,
    file: str,
    qps: float | None,
    concurrent_requests: int | None,
    duration_text: str,
    load_generator: str,
    body: str,
    header: Sequence[str],
) -> dict[str, Any]:
    """The body of `POST /api/performance/runs`. InvalidInputError for flags that do not fit."""
    _demand_one(reference, url, file)
    changes = _changes(qps, concurrent_requests, duration_text, load_generator)
    if reference:
        if changes or body or header:
            raise InvalidInputError(
                "a stored profile runs as it is stored",
                remedy="leave the other flags out, or write a profile to a file and use -f",
            )
        return {"profile": reference, "name": name}
    base = _from_file(file) if file else _quick(url, name=name, body=body, header=header)
    profile = msgspec.structs.replace(base, **changes)
    return {"profile": profile_document(profile), "name": name}


def _demand_one(reference: str, url: str, file: str) -> None:
    if sum(map(bool, (reference, url, file))) != 1:
        raise InvalidInputError(
            "name one thing to run: a stored profile, --url, or -f FILE",
            remedy="mesheryctl perf apply --url http://127.0.0.1:8080/ --qps 100 --duration 10s",
        )


def _from_file(file: str) -> Profile:
    from meshery.client.files import read_file

    return parse_profile(read_file(file), source=file)


def _quick(url: str, *, name: str, body: str, header: Sequence[str]) -> Profile:
    endpoint = Endpoint(
        url=url, method="POST" if body else "GET", headers=_headers(header), body=body
    )
    return Profile(name=name or urlsplit(url).netloc or "quick run", endpoints=(endpoint,))


def _headers(lines: Sequence[str]) -> dict[str, str]:
    headers = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name.strip():
            raise InvalidInputError(f"{line!r} is no header", remedy="write NAME:VALUE")
        headers[name.strip()] = value.strip()
    return headers


def _changes(
    qps: float | None, connections: int | None, duration_text: str, load_generator: str
) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    if qps is not None:
        changes |= {"rate_rps": qps, "mode": "open"} if qps > 0 else {"mode": "closed"}
    if connections is not None:
        changes["connections"] = connections
    if duration_text:
        changes["duration_s"] = parse_duration(duration_text)
    if load_generator:
        changes["load_generator"] = load_generator
    return changes
