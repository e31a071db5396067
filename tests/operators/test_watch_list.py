import json

import pytest

from meshery.core.errors import InvalidInputError
from meshery.operator.model import WatchList
from meshery.operator.watch_list import check

PODS = json.dumps([{"Resource": "pods.v1.", "Events": ["ADDED", "MODIFIED", "DELETED"]}])


@pytest.mark.parametrize(
    "data",
    [{}, {"whitelist": PODS}, {"blacklist": '["secrets.v1."]'}, {"whitelist": PODS, "x": "y"}],
)
def test_lists_that_are_well(data: dict[str, str]) -> None:
    check(WatchList(data))


@pytest.mark.parametrize(
    ("data", "cause"),
    [
        ({"other": "x"}, "neither"),
        ({"whitelist": PODS, "blacklist": '["x"]'}, "a whitelist and a blacklist"),
        ({"whitelist": "pods"}, "malformed"),
        ({"whitelist": '["pods.v1."]'}, "object"),
        ({"whitelist": '[{"Events":["ADDED"]}]'}, "Resource"),
        ({"whitelist": '[{"Resource":"pods.v1.","Events":["SEEN"]}]'}, "SEEN"),
        ({"blacklist": '[{"Resource":"pods.v1."}]'}, "str"),
    ],
)
def test_lists_that_nobody_can_act_by(data: dict[str, str], cause: str) -> None:
    with pytest.raises(InvalidInputError) as raised:
        check(WatchList(data))
    assert cause in raised.value.cause
    assert "whitelist" in raised.value.remedy
