"""Which version of a mesh is meant, and whether it has something."""

import difflib
from collections.abc import Iterable, Sequence

from meshery.adapters.mesh import Version
from meshery.adapters.ordering import Ordering, is_at_least, version_key
from meshery.core.errors import InvalidInputError


def is_early(name: str) -> bool:
    """Whether a version is a pre-release."""
    return not version_key(name)[1]


def latest_first(versions: Iterable[Version], ordering: Ordering = "semver") -> list[Version]:
    """Versions in their mesh's order, the newest first."""
    return sorted(versions, key=lambda each: version_key(each.name, ordering), reverse=True)


def is_within(version: str, since: str, until: str, *, ordering: Ordering = "semver") -> bool:
    """Whether a version lies from `since` on and before `until`; empty texts bound nothing."""
    is_begun = not since or is_at_least(version, since, ordering)
    return is_begun and not (until and is_at_least(version, until, ordering))


def chosen_version(asked: str, known: Sequence[Version]) -> str:
    """The version that was asked for; the newest stable one where none was, or `latest`.

    InvalidInputError names near ones where it is unknown: it is never replaced. Where nothing is
    known, what was asked for stands. `known` is in its order, the newest first.
    """
    wanted = asked.removeprefix("v")
    names = [each.name for each in known]
    if not names or wanted in names:
        return wanted
    if wanted in {"", "latest"}:
        stable = (each.name for each in known if each.channel == "stable")
        return next((name for name in stable if not is_early(name)), names[0])
    near = difflib.get_close_matches(wanted, names, n=3, cutoff=0.4) or names[:3]
    raise InvalidInputError(
        f"there is no version {asked}",
        cause=f"{len(names)} versions are known, {names[0]} is the newest",
        remedy="near ones: " + ", ".join(near),
        code="meshery.adapter.version",
    )
