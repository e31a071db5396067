from meshery.sandbox.diagram import Place, arrange


def test_callers_stand_left_of_the_called() -> None:
    calls = [("gateway", "web"), ("web", "v1"), ("web", "v2"), ("v1", "data"), ("v2", "data")]
    places = arrange(["data", "v1", "v2", "web", "gateway"], calls)
    assert all(places[caller].x < places[called].x for caller, called in calls)
    assert places["v1"].x == places["v2"].x
    assert places["gateway"].y == places["web"].y == places["data"].y
    assert abs(places["v1"].y - places["v2"].y) == 120


def test_a_long_way_counts() -> None:
    places = arrange(["a", "b", "c"], [("a", "b"), ("b", "c"), ("a", "c")])
    assert [places[node].x for node in "abc"] == [80, 310, 540]


def test_lines_do_not_cross_needlessly() -> None:
    places = arrange(["r", "a", "b", "y", "x"], [("r", "a"), ("r", "b"), ("a", "x"), ("b", "y")])
    assert places["a"].y < places["b"].y
    assert places["x"].y < places["y"].y


def test_no_two_nodes_in_one_place() -> None:
    nodes = [f"n{number}" for number in range(20)]
    calls = [(f"n{number // 2}", f"n{number}") for number in range(1, 20)]
    assert len(set(arrange(nodes, calls).values())) == 20


def test_nothing_and_one() -> None:
    assert arrange([], []) == {}
    assert arrange(["a"], []) == {"a": Place(80, 80)}
