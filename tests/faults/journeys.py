"""What people ask of a house while it is being killed, and how to see that the answer is true.

A journey starts one operation. `check` gets it at its end and compares what it says with what is
there: a sandbox that is `up` serves, a behaviour that is applied is seen by requests, a result that
is told of is stored with all its requests.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from faults.house import ENDED, House, wait_for
from meshery.core.errors import MesheryError, NotFoundError, UnsupportedError
from meshery.sandbox.preflight import check_watches

Document = dict[str, Any]

BASE = "learn"
"""The sandbox that is up from the first journey to the last, whatever is killed."""

EXTRA = "extra"
SHOP = "shop"
SIDECARS = {BASE: 3, EXTRA: 2}
DEMO_SIDECARS = 10
_WATCHES = 9
"""Of one sidecar; a user has 128 by default, and other tests may run beside these."""
RATE_RPS, DURATION_S = 100, 1.5

_BASE_SPEC: Document = {
    "apiVersion": "sandbox.meshery.io/v1",
    "kind": "Sandbox",
    "metadata": {"name": BASE},
    "spec": {
        "gateway": {"service": "service-a"},
        "services": [{"name": "service-a", "calls": ["service-b"]}, {"name": "service-b"}],
    },
}
_EXTRA_SPEC: Document = {
    "apiVersion": "sandbox.meshery.io/v1",
    "kind": "Sandbox",
    "metadata": {"name": EXTRA},
    "spec": {"gateway": {"service": "only"}, "services": [{"name": "only"}]},
}
_ABORT: Document = {
    "name": "teapot",
    "kind": "fault",
    "target": {"service": "service-b"},
    "params": {"abort": {"status": 418, "percent": 100}},
}
_SERVES_S = 20.0
_ROOM_S = 60.0


@dataclass(frozen=True)
class Journey:
    """One thing to ask for. `lasts_s` is about how long it takes when nobody disturbs it.

    `states` are the ends that may be told when something died meanwhile.
    """

    name: str
    start: Callable[[House], Document]
    check: Callable[[House, Document], None]
    tidy: Callable[[House], None]
    lasts_s: float
    states: frozenset[str] = frozenset({"succeeded"})

    def __str__(self) -> str:
        return self.name


def bring_up(built: House) -> None:
    """Have the base sandbox up and serving; others may take the room before us for a while."""
    ended: Document = {"state": "queued"}
    for _ in range(5):
        have_room(SIDECARS[BASE])
        ended = built.wait_ended(built.post("/api/sandboxes", _BASE_SPEC)["id"])
        if ended["state"] == "succeeded" or ended["error"]["code"] != "meshery.sandbox.inotify":
            break
    assert ended["state"] == "succeeded", ended
    wait_for(lambda: serves(built, BASE), timeout_s=_SERVES_S, what=f"{BASE} to serve")


def have_room(sidecars: int) -> None:
    """Wait until tests that run beside this one leave room for so many more sidecars."""

    def is_room() -> bool:
        try:
            check_watches(wanted=sidecars * _WATCHES)
        except UnsupportedError:
            return False
        return True

    wait_for(is_room, timeout_s=_ROOM_S, what=f"room for {sidecars} sidecars")


def serves(built: House, name: str) -> bool:
    """Whether a sandbox says that it is up and answers a request through its gateway."""
    service = {BASE: "service-a", EXTRA: "only", SHOP: "web"}[name]
    return (
        built.get(f"/api/sandboxes/{name}")["state"] == "up"
        and status_of(built, name, service) == 200
    )


def status_of(built: House, name: str, service: str, *, source: str = "") -> int:
    """The status of one request into a sandbox; 0 when nobody answers."""
    request = {"service": service, "source": source, "timeout_s": 2.0}
    try:
        with built.client() as client:
            answer = client.post(f"/api/sandboxes/{name}/request", request)
    except (MesheryError, OSError, ValueError):
        return 0
    return int(answer["status"])


def settled(built: House, *sandboxes: str) -> None:
    """Nothing is active any more, the sandboxes serve, and no process is left of what ended."""
    for name in sandboxes:
        wait_for(lambda: serves(built, name), timeout_s=_SERVES_S, what=f"{name} to serve")  # noqa: B023 - called at once
    wait_for(lambda: not active(built), timeout_s=_SERVES_S, what=lambda: f"{active(built)}")
    expected = sum(built.get(f"/api/sandboxes/{name}")["sidecars"] for name in sandboxes)
    wait_for(
        lambda: len(built.role("proxy")) == expected and not built.role("injector"),
        timeout_s=15,
        what=lambda: (
            f"{expected} sidecars and no injector:"
            f" {[p.cmdline() for role in ('proxy', 'injector') for p in built.role(role)]}"
        ),
    )


def active(built: House) -> list[Document]:
    """Operations that have not ended."""
    items = built.get("/api/operations", page_size=100, order="-created_at")["items"]
    return [operation for operation in items if operation["state"] not in ENDED]


def check_steps(ended: Document) -> None:
    """An operation at its end has no open step, and none that failed when it succeeded."""
    states = {step["name"]: step["state"] for step in ended["steps"]}
    assert "running" not in states.values(), ended
    if ended["state"] == "succeeded":
        assert set(states.values()) <= {"succeeded"}, ended
        assert ended["error"] is None, ended
    else:
        assert ended["error"]["what"], ended
    assert ended["ended_at"], ended


def _up(built: House) -> Document:
    have_room(SIDECARS[EXTRA])
    return dict(built.post("/api/sandboxes", _EXTRA_SPEC))


def _is_up(built: House, ended: Document) -> None:
    assert ended["result"]["sidecars"] == SIDECARS[EXTRA], ended
    settled(built, BASE, EXTRA)


def _down_extra(built: House) -> None:
    try:
        built.done(built.delete(f"/api/sandboxes/{EXTRA}"))
    except NotFoundError:
        return


def _down(built: House) -> Document:
    built.done(_up(built))
    return dict(built.delete(f"/api/sandboxes/{EXTRA}"))


def _is_down(built: House, _ended: Document) -> None:
    assert _names(built) == [BASE]


def _apply(built: House) -> Document:
    return dict(built.post(f"/api/sandboxes/{BASE}/behaviours", _ABORT))


def _is_applied(built: House, _ended: Document) -> None:
    wait_for(lambda: _teapot(built) == 418, timeout_s=_SERVES_S, what="the behaviour in effect")


def _undo(built: House) -> Document:
    built.done(_apply(built))
    return dict(built.delete(f"/api/sandboxes/{BASE}/behaviours/teapot"))


def _is_undone(built: House, _ended: Document) -> None:
    assert built.get(f"/api/sandboxes/{BASE}/behaviours")["items"] == []
    wait_for(lambda: _teapot(built) == 200, timeout_s=_SERVES_S, what="the behaviour undone")


def _undo_all(built: House) -> None:
    built.done(built.delete(f"/api/sandboxes/{BASE}/behaviours"))


def _teapot(built: House) -> int:
    return status_of(built, BASE, "service-b", source="service-a")


def _load(built: House) -> Document:
    profile = {
        "name": "load",
        "url": built.get(f"/api/sandboxes/{BASE}")["url"],
        "rate_rps": RATE_RPS,
        "duration": f"{DURATION_S}s",
    }
    return dict(built.post("/api/performance/runs", {"profile": profile, "consent": True}))


def _overhead(built: House) -> Document:
    hop = {"sandbox": BASE, "source": "service-a", "destination": "service-b"}
    order = {**hop, "rate_rps": RATE_RPS, "duration": f"{DURATION_S}s"}
    return dict(built.post("/api/performance/runs", {"overhead": order}))


def _is_measured(built: House, ended: Document) -> None:
    """A result is there if and only if the run succeeded, and it holds what was planned."""
    found = built.get("/api/performance/results", operation_id=ended["id"])["items"]
    if ended["state"] != "succeeded":
        assert found == [], ended
        return
    assert [item["id"] for item in found] == [ended["result"]["result_id"]]
    result = built.get(f"/api/performance/results/{found[0]['id']}")
    for arm in result["arms"].values():
        counters = arm["counters"]
        assert counters["planned"] > 0
        ends = ("completed", "failed", "timed_out", "unsent")
        assert sum(counters[each] for each in ends) == counters["planned"], counters


def _demo(built: House) -> Document:
    have_room(DEMO_SIDECARS)
    order = {"rate_rps": RATE_RPS, "duration": "1s", "function_duration": "1s"}
    return dict(built.post("/api/demo", order))


def _is_shown(built: House, ended: Document) -> None:
    """Parts and whole say the same, and no behaviour of the demo is left behind."""
    found = built.get("/api/operations", parent_id=ended["id"], page_size=100)["items"]
    states = {operation["state"] for operation in found}
    assert states <= ENDED, found
    if ended["state"] == "succeeded":
        assert states == {"succeeded"}, found
        result_id = ended["result"]["overhead"]["result_id"]
        assert built.get(f"/api/performance/results/{result_id}")["id"] == result_id
        assert [proof["passed"] for proof in ended["result"]["behaviours"]] == [True, True]
    else:
        # A part may end well and yet have seen a behaviour fail, as one does whose workload died.
        proofs = (ended["result"] or {}).get("behaviours") or []
        assert states != {"succeeded"} or not all(each["passed"] for each in proofs), ended
    if SHOP in _names(built):
        settled(built, BASE, SHOP)
        assert built.get(f"/api/sandboxes/{SHOP}/behaviours")["items"] == []


def _close_shop(built: House) -> None:
    if SHOP in _names(built):
        built.done(built.delete(f"/api/sandboxes/{SHOP}"))


def _names(built: House) -> list[str]:
    return [item["name"] for item in built.get("/api/sandboxes")["items"]]


def _nothing(_built: House) -> None:
    return None


_MEASURED = frozenset({"succeeded", "interrupted"})

UP = Journey("sandbox.up", _up, _is_up, _down_extra, 1.5)
DOWN = Journey("sandbox.down", _down, _is_down, _down_extra, 1.0)
APPLY = Journey("sandbox.apply", _apply, _is_applied, _undo_all, 0.6)
UNDO = Journey("sandbox.undo", _undo, _is_undone, _undo_all, 0.6)
LOAD = Journey("load", _load, _is_measured, _nothing, 3.0, _MEASURED)
OVERHEAD = Journey("overhead", _overhead, _is_measured, _nothing, 6.0, _MEASURED)
DEMO = Journey("demo", _demo, _is_shown, _close_shop, 30.0, ENDED - {"cancelled"})
QUICK = (UP, DOWN, APPLY, UNDO, LOAD, OVERHEAD)
