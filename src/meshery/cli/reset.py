"""`mesheryctl system reset`: back to an empty home, after saying what goes and what stays."""

import shutil
from pathlib import Path

from meshery.client.home import LOCK_FILE, TOKEN_FILE, running_pid
from meshery.client.lifecycle import stop_server
from meshery.client.options import Invocation
from meshery.client.terminal import say
from meshery.core.errors import InvalidInputError

KEPT = frozenset({"settings.yaml", "config.yaml", "auth.json", "key", TOKEN_FILE, LOCK_FILE})
_GOES = (
    "meshery.db", "meshery.db-wal", "meshery.db-shm", "nats", "nicegui", "logs", "sandboxes",
    "clusters", "processes.json", "server.json",
)  # fmt: skip
"""What a server makes. Anything else in the home is not ours to delete."""


def reset_home(invocation: Invocation) -> None:
    """Ask, stop the server, delete. InvalidInputError when nobody is there to say yes."""
    settings = invocation.settings
    home = settings.home_path
    if not home.exists():
        raise InvalidInputError(f"{home} does not exist", remedy="nothing is left to reset")
    going = [home / name for name in _GOES if (home / name).exists()]
    staying = sorted(path.name for path in home.iterdir() if path not in going)
    pid = running_pid(home)
    say(f"in {home}:")
    say(f"  goes:  {', '.join(path.name for path in going) or 'nothing'}")
    say(f"  stays: {', '.join(staying) or 'nothing'}")
    if settings.database.url:
        say("  stays: the database of database.url; drop it yourself if it shall go")
    if pid:
        say(f"  stops: the server (process {pid}) with its sandboxes")
    invocation.confirm("Go on?", remedy="repeat it as `mesheryctl system reset --yes`")
    stop_server(settings)
    for path in going:
        _delete(path)
    say("done")


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
