"""One request into the mesh, by hand: which service, from where, and what came back."""

from collections.abc import Awaitable, Callable, Sequence

import msgspec

from meshery.core.errors import InvalidInputError
from meshery.sandbox.view import RequestView
from meshery.ui.format import microseconds
from meshery.ui.widgets.action import action
from meshery.ui.widgets.code_block import code_block
from meshery.ui.widgets.fields import choice_field, number_field, switch, text_field
from meshery.ui.widgets.html import Tag, tag
from meshery.ui.widgets.plain_table import plain_table
from meshery.ui.widgets.status_chip import status_chip

MOST = 200


class Wanted(msgspec.Struct, frozen=True):
    """What the form asks for."""

    service: str
    path: str
    source: str
    headers: tuple[tuple[str, str], ...]
    direct: bool


Send = Callable[[Wanted], Awaitable[RequestView]]


class RequestForm:
    """Sends one request, or some to see how they spread."""

    def __init__(self, services: Sequence[str], send: Send, *, first: str = "") -> None:
        self._services = services
        self._first = first
        self._send = send

    def draw(self) -> None:
        """Draw the form; the answer comes below."""
        with tag("div", classes="form"):
            self._service = choice_field("Service", self._services, self._first)
            self._source = choice_field("From", ["its usual caller", *self._services])
            self._path = text_field("Path", "/chain", hint="/chain calls on, / does not")
            self._header = text_field("Header", hint="name: value")
            self._times = number_field("How many", 1, low=1, high=MOST)
        self._direct = switch("Off the mesh, straight to the app")
        with tag("div", classes="cluster"):
            action("Send", self._go, icon="send")
        self._answer: Tag = tag("div", classes="stack tight")

    async def _go(self) -> None:
        wanted = self._wanted()
        times = max(1, min(MOST, round(float(self._times.value or 1))))
        answers = [await self._send(wanted) for _ in range(times)]
        self._answer.clear()
        with self._answer:
            _draw_one(answers[0]) if times == 1 else _draw_many(answers)

    def _wanted(self) -> Wanted:
        header = str(self._header.value or "").strip()
        name, colon, value = header.partition(":")
        if header and (not colon or not name.strip()):
            raise InvalidInputError("the header is no header", remedy="write name: value")
        source = str(self._source.value)
        return Wanted(
            service=str(self._service.value),
            path=str(self._path.value or "/"),
            source=source if source in self._services else "",
            headers=((name.strip(), value.strip()),) if header else (),
            direct=bool(self._direct.value),
        )


def _draw_one(answer: RequestView) -> None:
    with tag("div", classes="cluster"):
        good = answer.status < 400
        status_chip("ready" if good else "failed", label=str(answer.status))
        tag("span", f"{microseconds(answer.elapsed_ms * 1000)}, by {answer.via}", "secondary")
    served = answer.headers.get("x-served-by", "")
    if served:
        tag("p", f"Served by {served}.")
    if answer.body:
        code_block(_pretty(answer.body), label="Body of the answer")


def _draw_many(answers: Sequence[RequestView]) -> None:
    counts: dict[tuple[str, str], list[float]] = {}
    for answer in answers:
        key = (str(answer.status), answer.headers.get("x-served-by", "not told"))
        counts.setdefault(key, []).append(answer.elapsed_ms)
    plain_table(
        ("Status", "Served by", "Requests", "Median"),
        [
            [status, served, str(len(times)), microseconds(sorted(times)[len(times) // 2] * 1000)]
            for (status, served), times in sorted(counts.items())
        ],
        numbers=(2, 3),
        label="Answers",
    )


def _pretty(body: str) -> str:
    try:
        return msgspec.json.format(body, indent=2)
    except msgspec.DecodeError:
        return body
