from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meshery.performance.native.plan import ArmPlan, EndpointPlan, Plan, Step
from meshery.performance.native.schedule import rounds_of, slots

NS = 1_000_000_000


def plan_of(arms: int = 1, **fields: object) -> Plan:
    endpoint = EndpointPlan(name="e", host="h", port=80)
    made = tuple(ArmPlan(name=f"a{number}", endpoints=(endpoint,)) for number in range(arms))
    usual: dict[str, object] = {"rate_rps": 100.0, "duration_s": 2.0, "warmup_s": 0.0}
    return Plan(arms=made, **(usual | fields))  # type: ignore[arg-type]


def offsets(plan: Plan) -> list[int]:
    return [offset for offset, _ in slots(plan)]


def test_uniform_slots_are_even_and_absolute() -> None:
    assert offsets(plan_of()) == [number * NS // 100 for number in range(200)]


def test_slots_do_not_drift_at_odd_rates() -> None:
    made = offsets(plan_of(rate_rps=700.0, duration_s=10.0))
    assert len(made) == 7000
    assert made[-1] == round(6999 / 700 * NS)


def test_the_warm_up_lies_before_slot_zero_and_goes_over_without_a_gap() -> None:
    made = offsets(plan_of(warmup_s=0.5))
    assert made[0] == -NS // 2
    assert sum(offset < 0 for offset in made) == 50
    assert {late - early for early, late in pairwise(made)} == {NS // 100}


def test_every_round_has_each_arm_once_in_changing_order() -> None:
    order = [arm for _, arm in slots(plan_of(arms=3))]
    rounds = [tuple(order[place : place + 3]) for place in range(0, len(order), 3)]
    assert all(sorted(round_) == [0, 1, 2] for round_ in rounds)
    assert set(Counter(rounds).values()) <= set(range(10, 70))
    assert len(set(rounds)) == 6


def test_arms_share_the_round_evenly() -> None:
    made = offsets(plan_of(arms=4))
    assert {late - early for early, late in pairwise(made)} == {NS // 400}


def test_many_arms_still_come_once_a_round() -> None:
    order = [arm for _, arm in slots(plan_of(arms=7))]
    assert sorted(order[:7]) == list(range(7))


def test_a_ramp_rises_to_its_end() -> None:
    made = offsets(plan_of(schedule="ramp", rate_rps=100.0, ramp_to_rps=300.0, duration_s=4.0))
    assert len(made) == 800
    quarters = Counter(offset // NS for offset in made)
    assert [quarters[second] for second in range(4)] == pytest.approx([125, 175, 225, 275], abs=1)


def test_a_ramp_may_fall_or_stay() -> None:
    falling = offsets(plan_of(schedule="ramp", rate_rps=300.0, ramp_to_rps=100.0, duration_s=4.0))
    level = offsets(plan_of(schedule="ramp", rate_rps=100.0, ramp_to_rps=100.0))
    assert sum(offset < 2 * NS for offset in falling) == pytest.approx(500, abs=1)
    assert level == pytest.approx(offsets(plan_of()), abs=2)


def test_steps_follow_each_other() -> None:
    steps = (
        Step(rate_rps=100.0, duration_s=1.0),
        Step(rate_rps=400.0, duration_s=0.5),
        Step(rate_rps=50.0, duration_s=2.0),
    )
    plan = plan_of(schedule="steps", steps=steps)
    made = offsets(plan)
    assert plan.length_s == 3.5
    assert len(made) == rounds_of(plan) == 400
    assert sum(offset < NS for offset in made) == 100
    assert sum(NS <= offset < 1.5 * NS for offset in made) == 200


def test_poisson_has_its_count_and_exponential_gaps() -> None:
    made = offsets(plan_of(schedule="poisson", rate_rps=2000.0, duration_s=5.0))
    gaps = [late - early for early, late in pairwise(made)]
    mean = sum(gaps) / len(gaps)
    deviation = (sum((gap - mean) ** 2 for gap in gaps) / len(gaps)) ** 0.5
    assert len(made) == 10_000
    assert mean == pytest.approx(NS / 2000, rel=0.01)
    assert deviation == pytest.approx(mean, rel=0.05)
    assert 0 <= made[0] <= made[-1] < 5 * NS


@settings(max_examples=40, deadline=None)
@given(
    kind=st.sampled_from(["uniform", "poisson", "ramp"]),
    rate=st.floats(0.5, 500.0),
    end=st.floats(0.5, 500.0),
    arms=st.integers(1, 6),
    seed=st.integers(0, 1000),
    warmup=st.sampled_from([0.0, 0.3]),
)
def test_any_schedule_is_ordered_whole_and_repeatable(
    kind: str, rate: float, end: float, arms: int, seed: int, warmup: float
) -> None:
    plan = plan_of(arms, schedule=kind, rate_rps=rate, ramp_to_rps=end, seed=seed, warmup_s=warmup)
    made = list(slots(plan))
    measured = [(offset, arm) for offset, arm in made if offset >= 0]
    assert made == sorted(made, key=lambda slot: slot[0])
    assert Counter(arm for _, arm in measured) == dict.fromkeys(range(arms), rounds_of(plan))
    assert measured[-1][0] <= plan.duration_s * NS
    assert made == list(slots(plan))


def test_another_seed_gives_another_order() -> None:
    assert list(slots(plan_of(arms=3, seed=1))) != list(slots(plan_of(arms=3, seed=2)))
