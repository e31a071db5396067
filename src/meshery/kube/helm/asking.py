"""How calls become children: the login, the limits, and who is under way."""

import asyncio
import re
import sys
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Self, TypeVar

import msgspec

from meshery.core.errors import InvalidInputError
from meshery.kube.access import Access
from meshery.kube.helm import calls
from meshery.kube.helm.login import kubeconfig_of
from meshery.kube.helm.process import exchange

READ_S = 60.0
"""How long a call may take that changes nothing."""

_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LONGEST_NAME = 53

Given = TypeVar("Given")
_LIMITS = calls.Limits()


class Asking:
    """Asks children for answers, and leaves none behind.

    Without `access` there is no cluster. `heard` is called with each line of progress; `python`
    runs the children.
    """

    def __init__(
        self,
        *,
        access: Access | None = None,
        namespace: str = "default",
        limits: calls.Limits = _LIMITS,
        heard: Callable[[str], None] | None = None,
        python: str = sys.executable,
    ) -> None:
        self._access = access
        self._namespace = namespace
        self._limits = limits
        self._heard = heard or (lambda _line: None)
        self._python = python
        self._under_way: set[asyncio.Task[bytes]] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End what is still under way."""
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    async def ask(
        self,
        call: calls.Call,
        answer: type[Given],
        *,
        time_s: float = READ_S,
        offline: bool = False,
    ) -> Given:
        """The answer to a call; `offline` keeps it from the cluster. Errors as `exchange`."""
        _check_name(getattr(call, "release", "x"))
        order = calls.Order(
            call=call,
            kubeconfig="" if offline else await self._kubeconfig(call),
            namespace=self._namespace,
            limits=self._limits,
            lifeline=True,
        )
        raw = await self._owned(
            exchange(order, heard=self._heard, time_s=time_s, python=self._python)
        )
        return msgspec.json.decode(raw, type=answer)

    async def _owned(self, exchanging: Coroutine[Any, Any, bytes]) -> bytes:
        task = asyncio.create_task(exchanging)
        self._under_way.add(task)
        try:
            return await task
        finally:
            self._under_way.discard(task)

    async def _kubeconfig(self, call: calls.Call) -> str:
        if self._access is not None:
            return await kubeconfig_of(self._access, namespace=self._namespace)
        if isinstance(call, calls.Render):
            return ""
        raise InvalidInputError(
            f"{type(call).__name__.lower()} needs a cluster",
            remedy="give the access to one",
            code="meshery.helm.cluster",
        )


def _check_name(release: str) -> None:
    """As Helm does it, but before a name could be taken for an option of its program."""
    if not _NAME.fullmatch(release) or len(release) > _LONGEST_NAME:
        raise InvalidInputError(
            f"{release[:80]!r} is no name for a release",
            remedy=f"use lower-case letters, digits and dashes, at most {_LONGEST_NAME}",
            code="meshery.helm.name",
        )
