"""Secrets among headers: sealed at rest, masked outside, opened for the injector."""

from pathlib import Path

import msgspec
import pytest

from meshery.core.errors import InvalidInputError
from meshery.core.keys import Keys
from meshery.core.settings import Settings
from meshery.performance.headers import MASK, Headers, is_secret
from meshery.performance.model import Endpoint, Profile


@pytest.fixture
def headers(tmp_path: Path) -> Headers:
    return Headers(Keys.load(Settings(home=str(tmp_path))))


def profile(**values: str) -> Profile:
    named = {name.replace("_", "-"): value for name, value in values.items()}
    return Profile(name="p", endpoints=(Endpoint(url="http://h/", headers=named),))


def test_a_secret_is_nowhere_in_what_is_stored(headers: Headers) -> None:
    given = profile(Authorization="Bearer hunter2", x_team="blue")
    stored = headers.sealed(given, earlier=None)
    assert "hunter2" not in msgspec.json.encode(stored).decode()
    assert stored.endpoints[0].headers["x-team"] == "blue"
    assert headers.opened(stored) == given


def test_a_mask_keeps_what_is_stored(headers: Headers) -> None:
    stored = headers.sealed(profile(Cookie="a=1"), earlier=None)
    again = headers.sealed(profile(Cookie=MASK, x_new="1"), earlier=stored)
    assert headers.opened(again).endpoints[0].headers == {"Cookie": "a=1", "x-new": "1"}
    with pytest.raises(InvalidInputError, match="no stored value"):
        headers.sealed(profile(X_Api_Key=MASK), earlier=stored)


def test_inline_profiles_hold_no_secrets(headers: Headers) -> None:
    headers.demand_none(profile(x_team="blue"))
    with pytest.raises(InvalidInputError, match="Authorization"):
        headers.demand_none(profile(Authorization="Basic x"))


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("Authorization", True),
        ("Proxy-Authorization", True),
        ("cookie", True),
        ("X-API-Key", True),
        ("x-auth-token", True),
        ("accept", False),
        ("x-team", False),
    ],
)
def test_secret_names(name: str, secret: bool) -> None:
    assert is_secret(name) is secret
