"""What a release needs after a call that did not come to its end: nothing, or a step back.

Helm writes a revision as `pending-*` before it touches anything, and marks it when it is done. If
it is killed between, every further install or upgrade is refused. No record is edited by us: Helm's
own verbs lead out, and they know what each revision holds.
"""

from collections.abc import Sequence
from typing import Literal

import msgspec

from meshery.kube.helm.model import Revision, Status


class Recovery(msgspec.Struct, frozen=True, kw_only=True):
    """How a release gets out of its state: `none`, `uninstall`, or `rollback` to a revision.

    `status` is that of the last revision, or `absent`; `why` says all of it in words.
    """

    status: Status | Literal["absent"]
    verb: Literal["none", "uninstall", "rollback"] = "none"
    revision: int = 0
    why: str = ""

    @property
    def is_needed(self) -> bool:
        """Whether Helm refuses further changes until it is done."""
        return self.verb != "none"


def recovery_of(history: Sequence[Revision]) -> Recovery:
    """What the revisions of a release, oldest first, ask for."""
    if not history:
        return Recovery(status="absent", why="there is no release: it can be installed")
    last = history[-1]
    if last.status == "uninstalling":
        return _uninstall(last, "it was being removed: removing it once more ends that")
    if last.status in {"pending-install", "unknown"} or (_is_pending(last) and len(history) == 1):
        why = (
            "its first installation never ended: what it made is removed, then it can be installed"
        )
        return _uninstall(last, why)
    if not _is_pending(last):
        return Recovery(status=last.status, why=f"revision {last.revision} is {last.status}")
    good = [each for each in history[:-1] if each.status == "deployed"]
    target = good[-1] if good else history[-2]
    return Recovery(
        status=last.status,
        verb="rollback",
        revision=target.revision,
        why=f"revision {last.revision} is {last.status} and nobody is at it any more: "
        f"rolling back to revision {target.revision} ends that",
    )


def _is_pending(revision: Revision) -> bool:
    return revision.status.startswith("pending")


def _uninstall(last: Revision, why: str) -> Recovery:
    words = f"revision {last.revision} is {last.status}: {why}"
    return Recovery(status=last.status, verb="uninstall", revision=last.revision, why=words)
