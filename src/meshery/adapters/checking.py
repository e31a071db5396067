"""Whether an adapter keeps to the contract: named checks, each with what it found.

    for each in await check_adapter("127.0.0.1:10100"):
        print(each.name, each.state, each.reason)

Nothing is installed or changed by them, unless an operation to carry out is named. One that fails
never ends the others. An adapter of the original passes with the checks of our contract skipped.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Literal

import msgspec

from meshery.adapters.client import AdapterClient
from meshery.adapters.legacy_client import LegacyClient
from meshery.adapters.model import Description
from meshery.adapters.security import ClientSecurity
from meshery.core.errors import MesheryError, UnavailableError, UnsupportedError

CHECK_TIMEOUT_S = 60.0
"""How long one check may take."""


class Checked(msgspec.Struct, frozen=True):
    """What a check found: `reason` says why it failed or was skipped."""

    name: str
    meaning: str
    state: Literal["passed", "failed", "skipped"]
    reason: str = ""


class Probe(msgspec.Struct, frozen=True, kw_only=True):
    """What checks are given: clients of both contracts, and the description if there is one.

    `fault` says why there is none though the adapter speaks our contract. `operation` is the one
    that may be carried out, for real; empty: none.
    """

    client: AdapterClient
    legacy: LegacyClient
    address: str
    security: ClientSecurity
    description: Description | None = None
    fault: str = ""
    operation: str = ""

    @property
    def described(self) -> Description:
        """The description. Skipped where there is none."""
        if self.description is None:
            told = "what it says of itself cannot be read"
            raise Skipped(told if self.fault else "it speaks the original's contract only")
        return self.description


class Skipped(Exception):  # noqa: N818 - no error: a check has nothing to look at
    """A check has nothing to look at here; its words say why."""


class Finding(Exception):  # noqa: N818 - what a check found
    """A check failed; its words say how."""


class Check(msgspec.Struct, frozen=True):
    """A check: what it is called, what is true when it passes, and how that is found out."""

    name: str
    meaning: str
    look: Callable[[Probe], Awaitable[None]]


def demand(is_so: object, otherwise: str) -> None:
    """Finding unless it is so."""
    if not is_so:
        raise Finding(otherwise)


async def check_adapter(
    address: str, *, security: ClientSecurity | None = None, operation: str = ""
) -> list[Checked]:
    """Check the adapter at `address` (`host:port`), in the order of the checks.

    `operation` is carried out for real, with no cluster, to see its steps, heartbeats and how it
    goes on after a break. UnavailableError when nobody answers there.
    """
    from meshery.adapters.checks import CHECKS

    return await run_checks(CHECKS, address, security=security, operation=operation)


async def run_checks(
    checks: Sequence[Check],
    address: str,
    *,
    security: ClientSecurity | None = None,
    operation: str = "",
) -> list[Checked]:
    """Run checks one after the other."""
    shown = security or ClientSecurity()
    async with (
        AdapterClient(address, security=shown) as client,
        LegacyClient(address, security=shown) as legacy,
    ):
        probe = Probe(
            client=client,
            legacy=legacy,
            address=address,
            security=shown,
            operation=operation,
        )
        probe = await _described(probe)
        return [await _checked(check, probe) for check in checks]


async def _described(probe: Probe) -> Probe:
    """The probe with the description, or why there is none. UnavailableError: nobody is there."""
    try:
        return msgspec.structs.replace(probe, description=await probe.client.describe())
    except UnsupportedError:
        await probe.legacy.name()  # or something else altogether
        return probe
    except UnavailableError:
        raise
    except MesheryError as error:
        return msgspec.structs.replace(probe, fault=_words(error))


async def _checked(check: Check, probe: Probe) -> Checked:
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_S):
            await check.look(probe)
    except Skipped as skipped:
        return Checked(check.name, check.meaning, "skipped", str(skipped))
    except TimeoutError:
        reason = f"it took longer than {CHECK_TIMEOUT_S:g} s"
    except Finding as finding:
        reason = str(finding)
    except MesheryError as error:
        reason = _words(error)
    else:
        return Checked(check.name, check.meaning, "passed")
    return Checked(check.name, check.meaning, "failed", reason)


def _words(error: MesheryError) -> str:
    return f"{error.what}: {error.cause}" if error.cause else error.what


def unexpected(error: Any) -> str:
    """The words for an error of another kind than was asked for."""
    return f"it answered {type(error).__name__}: {error}"
