"""Tests are shared out so that none minds another, and so that the wait at the end is short."""

from pathlib import Path

import pytest

from fixtures.workers import (
    GUESTS,
    LONGEST,
    PLANES,
    SANDBOXES,
    has_watches,
    next_unit,
    ordered,
    unit_of,
    worker_count,
)

TESTS = Path(__file__).parents[1]


@pytest.mark.parametrize(("cores", "workers"), [(None, 2), (1, 2), (2, 3), (3, 4), (64, 4)])
def test_there_are_two_to_four(cores: int | None, workers: int) -> None:
    assert worker_count(cores) == workers


@pytest.mark.parametrize("place", sorted({*LONGEST, *SANDBOXES, *GUESTS, *PLANES}))
def test_every_place_that_is_named_is_there(place: str) -> None:
    assert (TESTS / place).exists()


def test_a_unit_is_a_file_or_a_room_that_shares_a_house() -> None:
    assert unit_of("tests/core/test_keys.py::test_a[b::c]") == "core/test_keys.py"
    assert unit_of("tests/faults/test_kills.py::test_a") == "faults"
    assert unit_of("tests/discovery/test_graphql.py::test_a") == "clusters"
    assert unit_of("tests/sandbox/render/test_world.py::test_a") == "sandbox/render"


def test_the_longest_begin_and_a_unit_stays_together(request: pytest.FixtureRequest) -> None:
    units = [unit_of(item.nodeid) for item in ordered(request.session.items[::-1])]
    runs = [unit for place, unit in enumerate(units) if units[place - 1 : place] != [unit]]
    assert len(runs) == len(set(units))
    assert runs[: sum(unit in LONGEST for unit in runs)] == [u for u in LONGEST if u in runs]


def test_units_of_one_control_plane_go_to_the_worker_that_has_it() -> None:
    waiting = ["kube", "discovery/ingest", "cli/test_root.py", "connections"]
    assert next_unit(waiting, own=set(), taken=set()) == "kube"
    assert next_unit(waiting, own={"played"}, taken={"first"}) == "discovery/ingest"
    assert next_unit(waiting, own=set(), taken={"first", "played"}) == "cli/test_root.py"
    assert next_unit(waiting[::3], own={"played"}, taken={"first"}) == "kube"


@pytest.mark.parametrize(("watches", "unit"), [(128, "sandboxes"), (512, "demo")])
def test_few_inotify_instances_are_left_to_one_worker(
    tmp_path: Path, watches: int, unit: str
) -> None:
    limit = tmp_path / "max_user_instances"
    limit.write_text(f"{watches}\n")
    are_apart = has_watches(limit)
    assert unit_of("tests/demo/test_demo.py::test_a", are_apart=are_apart) == unit
    assert unit_of("tests/cli/test_root.py::test_a", are_apart=are_apart) == "cli/test_root.py"


def test_a_system_without_inotify_has_no_limit(tmp_path: Path) -> None:
    assert has_watches(tmp_path / "nothing")
