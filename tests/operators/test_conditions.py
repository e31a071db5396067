from datetime import UTC, datetime

from meshery.operator.conditions import READY, Outcome, conditions
from meshery.operator.model import Condition

EARLY, LATE = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)


def said(found: tuple[Condition, ...]) -> dict[str, tuple[str, str]]:
    return {each.type: (each.status, each.reason) for each in found}


def test_work_that_is_done_is_not_processing_any_more() -> None:
    first = conditions((), Outcome("Reconciling"), generation=1, now=EARLY)
    assert said(first) == {
        "Processing": ("True", "Reconciling"),
        "Ready": ("False", "Reconciling"),
        "Failed": ("False", "Reconciling"),
    }
    done = conditions(first, READY, generation=1, now=LATE)
    assert said(done) == {
        "Processing": ("False", "ReconciliationSuccessful"),
        "Ready": ("True", "ReconciliationSuccessful"),
        "Failed": ("False", "ReconciliationSuccessful"),
    }


def test_what_failed_is_failed() -> None:
    found = conditions((), Outcome("ReconciliationFailed", "no"), generation=3, now=EARLY)
    assert said(found)["Failed"] == ("True", "ReconciliationFailed")
    assert said(found)["Processing"] == ("False", "ReconciliationFailed")
    assert {each.observed_generation for each in found} == {3}


def test_what_is_not_well_yet_is_under_way() -> None:
    found = said(conditions((), Outcome("HealthCheckFailed", "no answer"), generation=1))
    assert found["Processing"] == ("True", "Reconciling")
    assert found["Ready"] == ("False", "HealthCheckFailed")
    assert found["Failed"] == ("False", "HealthCheckFailed")


def test_times_change_with_the_status_alone() -> None:
    first = conditions((), Outcome("Reconciling"), generation=1, now=EARLY)
    again = conditions(first, Outcome("HealthCheckFailed", "x"), generation=1, now=LATE)
    ready = next(each for each in again if each.type == "Ready")
    assert ready.reason == "HealthCheckFailed"
    assert ready.last_transition_time == "2026-01-01T00:00:00Z"
    done = conditions(again, READY, generation=1, now=LATE)
    times = {each.type: each.last_transition_time for each in done}
    assert times == {
        "Processing": "2026-01-02T00:00:00Z",
        "Ready": "2026-01-02T00:00:00Z",
        "Failed": "2026-01-01T00:00:00Z",
    }


def test_others_conditions_stay_and_a_mended_clean_up_goes() -> None:
    foreign = Condition("Audited", "True", "Looked", "", "2025-01-01T00:00:00Z", 1)
    stuck = conditions((foreign,), Outcome("CleanupFailed", "held"), generation=2, now=EARLY)
    assert said(stuck)["Cleanup"] == ("False", "CleanupFailed")
    assert said(stuck)["Failed"] == ("True", "CleanupFailed")
    mended = conditions(stuck, READY, generation=2, now=LATE)
    assert "Cleanup" not in said(mended)
    assert foreign in mended
