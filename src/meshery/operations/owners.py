"""Names of owners, `HOST:PID:ULID`, and whether such a process is known to be gone.

A lease tells after seconds that its owner is lost. On the owner's own host the process table tells
at once; that is used where rows can only belong to one host (SQLite), since elsewhere two hosts, or
two containers, may bear one name.
"""

import os

from ulid import ULID

_ours: set[str] = set()


def new_owner(host: str) -> str:
    """A name for a worker of this process."""
    name = f"{host}:{os.getpid()}:{ULID()}"
    _ours.add(name)
    return name


def is_gone(owner: str, *, host: str) -> bool:
    """Whether the process of this host that `owner` names has ended; false when unsure."""
    its_host, _, rest = owner.partition(":")
    pid_text, _, _ = rest.partition(":")
    if its_host != host or not pid_text.isdecimal():
        return False
    pid = int(pid_text)
    if pid == os.getpid():
        return owner not in _ours
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
