"""A whole server of a user who is not root: sandbox, load, kill, restoring.

Run by root, it becomes nobody. The interpreter may live in root's own directory, so nobody gets one
capability: to read what is there. It owns nothing but its home, and may write nowhere else.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from faults.house import House, house
from faults.journeys import BASE, LOAD, bring_up, settled

NOBODY = 65_534
BECOME_NOBODY = (
    "setpriv",
    f"--reuid={NOBODY}",
    f"--regid={NOBODY}",
    "--clear-groups",
    "--inh-caps=+dac_read_search",
    "--ambient-caps=+dac_read_search",
    "--",
)


@pytest.fixture
def home() -> Iterator[Path]:
    """A home of a user who is not root, outside of root's own directories."""
    top = Path(tempfile.mkdtemp(prefix="meshery-nobody-"))
    path = top / "home"
    path.mkdir()
    if os.getuid() == 0:
        for each in (top, path):
            os.chown(each, NOBODY, NOBODY)
    yield path
    shutil.rmtree(top)


def test_a_server_of_an_ordinary_user_does_it_all(home: Path) -> None:
    is_root = os.getuid() == 0
    uid = NOBODY if is_root else os.getuid()
    environment = {
        "HOME": str(home),
        "TMPDIR": str(home.parent),
        "XDG_RUNTIME_DIR": str(home.parent),
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
    }
    prefix = (*(BECOME_NOBODY if is_root else ()), sys.executable)
    with house(home, environment=environment, prefix=prefix) as built:
        bring_up(built)
        assert owners(built) == {uid}
        ended = built.done(LOAD.start(built))
        LOAD.check(built, ended)
        built.kill_server()
        built.start()
        settled(built, BASE)
        assert owners(built) == {uid}
    written = [path for path in home.rglob("*") if path != built.log]
    assert {path.stat().st_uid for path in written} == {uid}


def owners(built: House) -> set[int]:
    """The users that the processes of a house run as."""
    return {process.uids().effective for process in built.processes()}
