"""One house with one sandbox for all fault tests that leave it standing."""

from collections.abc import Iterator

import pytest

from faults.house import House, house
from faults.journeys import bring_up


@pytest.fixture(scope="session")
def lived_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A running house whose sandbox `learn` serves."""
    with house(tmp_path_factory.mktemp("faults") / "home") as running:
        bring_up(running)
        yield running
