"""REST of performance, over HTTP on a real server."""

from typing import Any

from meshery.operations.model import OperationState
from meshery.operations.platform import Platform
from meshery.performance import store
from performance.results import overhead_result
from performance.rigged import rigged
from performance.serving import Http

PROFILE = {"name": "web", "url": "http://127.0.0.1:1/", "rate_rps": 20, "duration": "1s"}


async def test_the_life_of_a_profile(http: Http) -> None:
    made = await http("POST", "/profiles", 201, json=PROFILE)
    assert http.headers["location"] == f"/api/performance/profiles/{made['id']}"
    assert made["profile"]["duration"] == "1s"
    await http("GET", "/profiles/web", 200)
    tag = http.headers["etag"]
    changed = PROFILE | {"rate_rps": 30}
    await http("PUT", "/profiles/web", 412, json=changed, headers={"If-Match": '"old"'})
    saved = await http("PUT", "/profiles/web", 200, json=changed, headers={"If-Match": tag})
    assert (saved["version"], saved["profile"]["rate_rps"]) == (2, 30)
    await http("DELETE", "/profiles/web", 412, headers={"If-Match": tag})
    again = await http("POST", "/profiles", 200, json=PROFILE)
    assert (again["id"], again["version"]) == (made["id"], 3)
    page = await http("GET", "/profiles", 200, search="we", order="-created_at")
    assert [item["name"] for item in page["items"]] == ["web"]
    await http("DELETE", f"/profiles/{made['id']}", 204)
    await http("GET", "/profiles/web", 404)


async def test_a_replaced_profile_is_told_from_a_new_one_among_many(http: Http) -> None:
    for number in range(26):
        await http("POST", "/profiles", 201, json=PROFILE | {"name": f"a web {number}"})
    await http("POST", "/profiles", 201, json=PROFILE)
    await http("POST", "/profiles", 200, json=PROFILE)


async def test_a_bad_profile_is_told_with_its_lines(http: Http) -> None:
    problem = await http("POST", "/profiles", 400, content="name: a\nurl: x\nrate_rps: no\n")
    assert [(each["path"], each["line"]) for each in problem["errors"]] == [
        ("url", 2),
        ("rate_rps", 3),
    ]


async def test_a_run_from_request_to_file(http: Http, house: Platform) -> None:
    with rigged() as rig:
        body: dict[str, Any] = {"profile": PROFILE | {"url": f"http://127.0.0.1:{rig.port}/"}}
        refused = await http("POST", "/runs", 400, json=body)
        assert refused["code"] == "meshery.consent"
        body["consent"] = True
        seen = await http("POST", "/runs", 200, json=body, dry_run=True)
        assert seen["would_run"]["name"] == "web"
        operation = await http("POST", "/runs", 202, json=body, headers={"Idempotency-Key": "k"})
        assert http.headers["location"] == f"/api/operations/{operation['id']}"
        same = await http("POST", "/runs", 202, json=body, headers={"Idempotency-Key": "k"})
        assert same["id"] == operation["id"]
        done = await house.operations.wait(operation["id"], timeout_s=30)
    assert done.state is OperationState.SUCCEEDED, done.error
    assert done.result is not None
    result_id = done.result["result_id"]
    page = await http("GET", "/results", 200, operation_id=operation["id"])
    assert [row["id"] for row in page["items"]] == [result_id]
    result = await http("GET", f"/results/{result_id}", 200)
    assert result["arms"]["load"]["requests"] == 20
    text = await http("GET", f"/results/{result_id}/export", 200, form="csv")
    assert text.startswith("second,arm,requests")
    assert "attachment" in http.headers["content-disposition"]
    await http("GET", f"/results/{result_id}/export", 400, form="pdf")
    await http("DELETE", f"/results/{result_id}", 204)
    await http("GET", f"/results/{result_id}", 404)


async def test_measurements_of_a_sandbox_are_checked_before_they_start(http: Http) -> None:
    seen = await http("POST", "/runs", 200, json={"overhead": {"sandbox": "shop"}}, dry_run=True)
    assert seen["would_run"]["rate_rps"] == 1000
    await http("POST", "/runs", 400, json={"overhead": {}})
    await http("POST", "/runs", 422, json={"functions": {"sandbox": "s", "rate_rps": 1e6}})
    await http("POST", "/runs", 422, json={"overhead": {"sandbox": "s", "warmup": "24h"}})


async def test_comparisons(http: Http, house: Platform) -> None:
    for number, name in enumerate(("one", "two")):
        result, histograms = await overhead_result(name, shift_us=300 + 200 * number, name=name)
        async with house.database.write() as connection:
            await store.insert_result(connection, result, histograms)
    body = {"base_id": "one", "other_id": "two"}
    found = await http("POST", "/comparisons", 200, json=body)
    assert found["winner"] == "base"
    await http("POST", "/comparisons", 404, json=body | {"other_id": "none"})
    problem = await http("POST", "/comparisons", 400, json={"base": "one"})
    assert "base_id" in problem["remedy"]
