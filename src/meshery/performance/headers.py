"""Secret values among the headers of a profile: encrypted where they rest, masked where shown.

A header is taken for secret by its name. What comes back masked from an editor keeps the stored
value.
"""

import base64
from collections.abc import Callable, Mapping

import msgspec

from meshery.core.errors import InvalidInputError, Problem
from meshery.core.keys import Keys
from meshery.performance.model import Endpoint, Profile, StoredProfile

MASK = "********"
_SEALED = "sealed:"
_WORDS = ("authorization", "cookie", "token", "secret", "api-key", "apikey", "password")


def is_secret(name: str) -> bool:
    """Whether a header of this name holds a secret."""
    lower = name.lower()
    return any(word in lower for word in _WORDS)


class Headers:
    """Seals, masks and opens the secret headers of profiles."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys

    def sealed(self, profile: Profile, *, earlier: Profile | None) -> Profile:
        """For the database. InvalidInputError for a mask with nothing stored behind it."""
        stored = _values(earlier) if earlier else {}

        def seal(place: tuple[int, str], value: str) -> str:
            if value != MASK:
                return _SEALED + base64.b64encode(self._keys.encrypt(value.encode())).decode()
            if place not in stored:
                raise InvalidInputError(
                    f"the header {place[1]} has no stored value to keep",
                    remedy="write the value itself",
                    problems=[Problem(f"endpoints[{place[0]}].headers.{place[1]}", "is masked")],
                )
            return stored[place]

        return _with_secrets(profile, seal)

    def opened(self, profile: Profile) -> Profile:
        """For the injector."""

        def open_one(_place: tuple[int, str], value: str) -> str:
            if not value.startswith(_SEALED):
                return value
            return self._keys.decrypt(base64.b64decode(value.removeprefix(_SEALED))).decode()

        return _with_secrets(profile, open_one)

    def masked_stored(self, stored: StoredProfile) -> StoredProfile:
        """For people."""
        masked = _with_secrets(stored.profile, lambda _place, _value: MASK)
        return msgspec.structs.replace(stored, profile=masked)

    def demand_none(self, profile: Profile) -> None:
        """InvalidInputError when an inline profile holds a secret: inputs are stored and shown."""
        places = _values(profile)
        if places:
            names = ", ".join(sorted({name for _, name in places}))
            raise InvalidInputError(
                f"the headers {names} look like secrets",
                cause="a quick run's request is stored and shown as it is",
                remedy="store a profile (`mesheryctl perf profile apply -f FILE`) and run that: "
                "its secret headers are encrypted",
                code="meshery.profile.secret",
            )


def _values(profile: Profile) -> dict[tuple[int, str], str]:
    return {
        (position, name): value
        for position, endpoint in enumerate(profile.endpoints)
        for name, value in endpoint.headers.items()
        if is_secret(name)
    }


def _with_secrets(profile: Profile, change: Callable[[tuple[int, str], str], str]) -> Profile:
    def changed(position: int, headers: Mapping[str, str]) -> dict[str, str]:
        return {
            name: change((position, name), value) if is_secret(name) else value
            for name, value in headers.items()
        }

    endpoints: tuple[Endpoint, ...] = tuple(
        msgspec.structs.replace(endpoint, headers=changed(position, endpoint.headers))
        for position, endpoint in enumerate(profile.endpoints)
    )
    return msgspec.structs.replace(profile, endpoints=endpoints)
