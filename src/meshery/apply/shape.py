"""The shape every object has: of a known kind, properly named, stamped by the store it is in."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from meshery.apply.difference import authored
from meshery.apply.target import Object, Ref, ref_of
from meshery.core.errors import ConflictError, InvalidInputError, Problem

_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


def is_name(text: str) -> bool:
    """Whether `text` is a DNS label (RFC 1123), as names of services and accounts must be."""
    return _NAME.fullmatch(text) is not None


def check_shape(objects: Sequence[Object], kinds: frozenset[str]) -> None:
    """InvalidInputError with every fault: unknown kind, bad name, the same object twice."""
    problems: list[Problem] = []
    seen = set()
    for position, document in enumerate(objects):
        ref = ref_of(document)
        path = f"[{position}]"
        if f"{ref.api_version}/{ref.kind}" not in kinds:
            problems.append(
                Problem(
                    f"{path}.kind",
                    f"{ref.api_version or '(none)'} {ref.kind or '(none)'} is not kept here",
                    hint="known: " + ", ".join(sorted(kinds)),
                )
            )
        for part, text in (("name", ref.name), ("namespace", ref.namespace)):
            if not is_name(text):
                problems.append(
                    Problem(
                        f"{path}.metadata.{part}",
                        f"{text!r} is not a name",
                        hint="lower case letters, digits and dashes, at most 63",
                    )
                )
        if ref in seen:
            problems.append(Problem(path, f"{ref} is given twice"))
        seen.add(ref)
    if problems:
        raise InvalidInputError(
            f"{len(problems)} fault{'s' if len(problems) > 1 else ''} in the objects",
            cause="; ".join(f"{problem.path}: {problem.message}" for problem in problems),
            remedy="correct them and apply again; nothing was changed",
            code="meshery.apply.objects",
            problems=problems,
        )


def check_version(wanted: Object, current: Object | None) -> None:
    """ConflictError when `wanted` names a resource version and `current` has another one."""
    asked = str((wanted.get("metadata") or {}).get("resourceVersion") or "")
    held = str(current["metadata"]["resourceVersion"]) if current else ""
    if asked and asked != held:
        raise ConflictError(
            f"{ref_of(wanted)} changed since it was read",
            cause=f"version {asked} was read, the current one is {held or 'none'}",
            remedy="read it again, repeat your change, and apply",
            code="meshery.apply.version",
        )


def check_uid(ref: Ref, uid: str, current: Object) -> None:
    """ConflictError when `uid` is given and the object by that name is another one now."""
    if uid and uid != current["metadata"]["uid"]:
        raise ConflictError(
            f"{ref} is another object by that name",
            cause=f"the one that is meant had the uid {uid}",
            remedy="look whose it is before you change it",
            code="meshery.apply.uid",
        )


def stamp(wanted: Object, current: Object | None, *, resource_version: int) -> Object:
    """`wanted` as the store keeps it: with the identity and status of `current`, or new ones."""
    document = authored(wanted)
    metadata: dict[str, Any] = {"namespace": "default", **document["metadata"]}
    if current is None:
        identity = {
            "uid": str(uuid4()),
            "generation": 1,
            "creationTimestamp": datetime.now(UTC)
            .isoformat(timespec="seconds")
            .replace("+00:00", "Z"),
        }
    else:
        held = current["metadata"]
        changed = document.get("spec") != current.get("spec")
        identity = {
            "uid": held["uid"],
            "generation": held["generation"] + int(changed),
            "creationTimestamp": held["creationTimestamp"],
        }
    stamped = {
        **document,
        "metadata": {**metadata, **identity, "resourceVersion": str(resource_version)},
    }
    if current is not None and "status" in current:
        stamped["status"] = current["status"]
    return stamped
