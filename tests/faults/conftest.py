"""One house with one sandbox for all fault tests that leave it standing."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from faults.house import House, house
from faults.journeys import bring_up

_HOUSE = pytest.StashKey[House]()
_DOORS = pytest.StashKey[ExitStack]()


@pytest.fixture
def lived_in(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> House:
    """A running house whose sandbox `learn` serves; it ends with the last test of this room."""
    stash = request.config.stash
    if _HOUSE not in stash:
        home = tmp_path_factory.mktemp("faults") / "home"
        doors = stash[_DOORS] = ExitStack()
        built = doors.enter_context(house(home))
        bring_up(built)
        stash[_HOUSE] = built
    return stash[_HOUSE]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    """Close the house after this room's last test: its sidecars take from what others need."""
    yield
    room = Path(__file__).parent
    if nextitem is None or not nextitem.path.is_relative_to(room):
        stash = item.config.stash
        if _DOORS in stash:
            doors = stash[_DOORS]
            del stash[_DOORS]
            if _HOUSE in stash:
                del stash[_HOUSE]
            doors.close()
