"""The form of a new run: cost of one hop, cost per function, or load on an address."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from nicegui import ui

from meshery.core.errors import InvalidInputError, Problem
from meshery.performance.model import (
    FUNCTIONS,
    Endpoint,
    FunctionsRequest,
    OverheadRequest,
    Profile,
    RunRequest,
)
from meshery.ui.widgets.action import action, link_action
from meshery.ui.widgets.fields import choice_field, number_field, switch, text_field
from meshery.ui.widgets.html import Tag, tag
from meshery.ui.widgets.segments import segments

Request = OverheadRequest | FunctionsRequest | RunRequest
_KINDS = {
    "overhead": "Cost of the mesh",
    "functions": "Cost per function",
    "load": "Load on an address",
}
_MEANING = {
    "overhead": "Three arms in one run, in turn: off the mesh, on it, off again. The difference "
    "is what one hop through two sidecars with mutual TLS costs.",
    "functions": "One function after another on twin sidecar pairs, one plain and one with it: "
    "mutual TLS, access rule, header route, retries, rate limit.",
    "load": "An open loop sends at its times whatever the answers do: latency as callers "
    "feel it. A closed loop keeps its connections busy: throughput only.",
}
_SCHEDULES = {"uniform": "even", "poisson": "random (Poisson)", "ramp": "rising (ramp)"}


@dataclass(frozen=True)
class Hop:
    """A caller and whom it may call, by name."""

    source: str
    destinations: tuple[str, ...]


class RunForm:
    """Collects one request and hands it to `start`."""

    def __init__(
        self,
        sandboxes: Mapping[str, Sequence[Hop]],
        start: Callable[[Request], Awaitable[None]],
        *,
        kind: str = "overhead",
    ) -> None:
        self._sandboxes = sandboxes
        self._start = start
        self._kind = kind if kind in _KINDS else "overhead"

    def draw(self) -> None:
        """Draw the choice of kind, and the fields of the one chosen."""
        segments(_KINDS, self._kind, self._choose)
        self._meaning = tag("p", "", "secondary prose")
        self._body: Tag = tag("div", classes="stack")
        self._choose(self._kind)

    def _choose(self, kind: str) -> None:
        self._kind = kind
        self._meaning.text = _MEANING[kind]
        self._body.clear()
        with self._body:
            if kind == "load":
                _LoadFields(self._start).draw()
            elif self._sandboxes:
                _HopFields(kind, self._sandboxes, self._start).draw()
            else:
                tag("p", "No sandbox is ready. Start one first; it takes a few seconds.")
                with tag("div", classes="cluster"):
                    link_action("Go to the sandboxes", "/sandbox", icon="hub", weight="primary")


class _HopFields:
    """Fields of both measurements on a sandbox's hop."""

    def __init__(
        self,
        kind: str,
        sandboxes: Mapping[str, Sequence[Hop]],
        start: Callable[[Request], Awaitable[None]],
    ) -> None:
        self._kind = kind
        self._sandboxes = sandboxes
        self._start = start

    def draw(self) -> None:
        functions = self._kind == "functions"
        with tag("div", classes="form"):
            self._sandbox = choice_field("Sandbox", list(self._sandboxes))
            self._source = choice_field("From", [])
            self._destination = choice_field("To", [])
            self._rate = number_field(
                "Rate of each arm", 500 if functions else 1000, low=1, suffix="requests/s"
            )
            self._duration = number_field(
                "Length", 5 if functions else 10, low=1, suffix="s" + (" each" if functions else "")
            )
            self._connections = number_field("Connections", 16, low=1)
            self._name = text_field("Name", hint="empty: named after what is measured")
        self._functions: dict[str, ui.checkbox] = {}
        if functions:
            with tag("div", classes="cluster"):
                for name in FUNCTIONS:
                    self._functions[name] = switch(name, value=True)
        else:
            self._lower = switch("Lower the rate until the run is valid", value=True)
        self._sandbox.on_value_change(self._fill_sources)
        self._source.on_value_change(self._fill_destinations)
        self._fill_sources()
        with tag("div", classes="cluster"):
            action("Start", self._submit, icon="play_arrow", weight="primary")

    def _hops(self) -> Sequence[Hop]:
        return self._sandboxes.get(str(self._sandbox.value), ())

    def _fill_sources(self) -> None:
        sources = [hop.source for hop in self._hops()]
        wanted = "web" if "web" in sources else next(iter(sources), None)
        self._source.set_options(sources, value=wanted)
        self._fill_destinations()

    def _fill_destinations(self) -> None:
        chosen = next((hop for hop in self._hops() if hop.source == self._source.value), None)
        names = list(chosen.destinations) if chosen else []
        wanted = "api" if "api" in names else next(iter(names), None)
        self._destination.set_options(names, value=wanted)

    async def _submit(self) -> None:
        demand_filled(
            {
                "Sandbox": self._sandbox.value,
                "From": self._source.value,
                "To": self._destination.value,
                "Rate of each arm": self._rate.value,
                "Length": self._duration.value,
                "Connections": self._connections.value,
            }
        )
        await self._start(self._request())

    def _request(self) -> Request:
        sandbox, source = str(self._sandbox.value), str(self._source.value)
        destination, name = str(self._destination.value), str(self._name.value or "")
        rate_rps, duration_s = float(self._rate.value), float(self._duration.value)
        connections = int(self._connections.value)
        if self._kind == "functions":
            return FunctionsRequest(
                sandbox=sandbox,
                source=source,
                destination=destination,
                functions=tuple(n for n, box in self._functions.items() if box.value),
                rate_rps=rate_rps,
                duration_s=duration_s,
                connections=connections,
                name=name,
            )
        return OverheadRequest(
            sandbox=sandbox,
            source=source,
            destination=destination,
            rate_rps=rate_rps,
            duration_s=duration_s,
            connections=connections,
            lower_rate=bool(self._lower.value),
            name=name,
        )


class _LoadFields:
    """Fields of load on an address."""

    def __init__(self, start: Callable[[Request], Awaitable[None]]) -> None:
        self._start = start

    def draw(self) -> None:
        with tag("div", classes="form"):
            self._url = text_field("Address", hint="http:// or https://")
            self._mode = choice_field(
                "Loop", {"open": "open (latency)", "closed": "closed (throughput)"}, "open"
            )
            self._schedule = choice_field("Schedule", _SCHEDULES, "uniform")
            self._rate = number_field("Rate", 100, low=0.1, suffix="requests/s")
            self._ramp = number_field("Ramp to", 0, low=0, suffix="requests/s")
            self._duration = number_field("Length", 10, low=1, suffix="s")
            self._connections = number_field("Connections", 8, low=1)
            self._name = text_field("Name", hint="empty: the address")
        self._ramp.bind_visibility_from(self._schedule, "value", value="ramp")
        self._consent = switch("The owner of this address agreed to be loaded")
        tag(
            "p",
            "Asked for addresses that do not belong to a sandbox of this server. "
            "The settings under “load” cap rate, connections and length.",
            "secondary prose",
        )
        with tag("div", classes="cluster"):
            action("Start", self._submit, icon="play_arrow", weight="primary")

    async def _submit(self) -> None:
        demand_filled(
            {
                "Address": self._url.value,
                "Rate": self._rate.value,
                "Length": self._duration.value,
                "Connections": self._connections.value,
            }
        )
        profile = Profile(
            name=str(self._name.value or self._url.value),
            endpoints=(Endpoint(url=str(self._url.value)),),
            mode="closed" if self._mode.value == "closed" else "open",
            schedule=self._schedule.value,
            rate_rps=float(self._rate.value),
            ramp_to_rps=float(self._ramp.value or 0),
            connections=int(self._connections.value),
            duration_s=float(self._duration.value),
        )
        await self._start(RunRequest(profile=profile, consent=bool(self._consent.value)))


def demand_filled(values: Mapping[str, object]) -> None:
    """InvalidInputError that names every empty field at once."""
    empty = [name for name, value in values.items() if value in (None, "")]
    if empty:
        raise InvalidInputError(
            f"{', '.join(empty)} {'is' if len(empty) == 1 else 'are'} empty",
            remedy="fill in what is missing",
            problems=[Problem(name, "is empty") for name in empty],
        )
