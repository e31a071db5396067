"""Tests are shared out so that none minds another, and so that the wait at the end is short."""

from pathlib import Path

import pytest
from xdist.remote import Producer

from fixtures import workers
from fixtures.workers import (
    GUESTS,
    LONGEST,
    SANDBOXES,
    UnitScheduling,
    ordered,
    unit_of,
    worker_count,
)

TESTS = Path(__file__).parents[1]


def test_there_are_two_to_four(monkeypatch: pytest.MonkeyPatch) -> None:
    counted = []
    for cores in (None, 1, 2, 3, 64):
        monkeypatch.setattr("os.cpu_count", lambda told=cores: told)
        counted.append(worker_count())
    assert counted == [2, 2, 2, 3, 4]


@pytest.mark.parametrize("place", sorted({*LONGEST, *SANDBOXES, *GUESTS}))
def test_every_place_that_is_named_is_there(place: str) -> None:
    assert (TESTS / place).exists()


def test_a_unit_is_a_file_or_a_room_that_shares_a_house() -> None:
    assert unit_of("tests/core/test_keys.py::test_a[b::c]") == "core/test_keys.py"
    assert unit_of("tests/faults/test_kills.py::test_a") == "faults"
    assert unit_of("tests/connections/test_rest.py::test_a") == "kube"
    assert unit_of("tests/sandbox/render/test_world.py::test_a") == "sandbox/render"


def test_the_longest_begin_and_a_unit_stays_together(request: pytest.FixtureRequest) -> None:
    units = [unit_of(item.nodeid) for item in ordered(request.session.items[::-1])]
    runs = [unit for place, unit in enumerate(units) if units[place - 1 : place] != [unit]]
    assert len(runs) == len(set(units))
    assert runs[: sum(unit in LONGEST for unit in runs)] == [u for u in LONGEST if u in runs]


@pytest.mark.parametrize(("watches", "unit"), [(128, "sandboxes"), (512, "demo")])
def test_few_inotify_instances_are_left_to_one_worker(
    monkeypatch: pytest.MonkeyPatch,
    pytestconfig: pytest.Config,
    tmp_path: Path,
    watches: int,
    unit: str,
) -> None:
    limit = tmp_path / "max_user_instances"
    limit.write_text(f"{watches}\n")
    monkeypatch.setattr(workers, "_WATCHES", limit)
    monkeypatch.setattr(pytestconfig.option, "tx", ["2*popen"], raising=False)
    monkeypatch.setattr(pytestconfig.option, "loadscopereorder", True, raising=False)
    scheduling = UnitScheduling(pytestconfig, Producer("silent", enabled=False))
    assert scheduling._split_scope("tests/demo/test_demo.py::test_a") == unit
    assert scheduling._split_scope("tests/cli/test_root.py::test_a") == "cli/test_root.py"
