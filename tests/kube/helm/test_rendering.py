"""What needs no cluster, each call in a real child: rendering, schemas, lint, and bombs."""

import asyncio
import sys
import time
from pathlib import Path

import pytest

from kube.helm.samples import chart, children, copied
from meshery.core.errors import DeadlineError, InvalidInputError, LimitError
from meshery.kube.helm.calls import Limits
from meshery.kube.helm.chart import read_chart
from meshery.kube.helm.helm import Helm
from meshery.kube.helm.model import Capabilities

WEAVER = chart("weaver")
ENDLESS = chart("endless")


async def test_a_chart_comes_to_objects_hooks_definitions_and_notes(python: str) -> None:
    async with Helm(namespace="mill", python=python) as helm:
        found = await helm.render(WEAVER, release="w", values={"shuttle": {"enabled": True}})
    assert [each["kind"] for each in found.objects] == ["ConfigMap", "Deployment", "Service"]
    (hook,) = found.hooks
    assert (hook.document["kind"], hook.events) == ("Job", ("pre-install", "pre-upgrade"))
    assert found.crds[0]["metadata"]["name"] == "threads.weaver.example.org"
    # Its program leaves the notes out when it renders.
    assert found.notes in ({"w weaves plain.\n"} if python == sys.executable else {""})
    assert found.files["weaver/templates/service.yaml"].lstrip("-\n").startswith("apiVersion: v1")
    assert "weaver/crds/threads.yaml" in found.files


async def test_templates_are_told_what_the_cluster_can(python: str) -> None:
    told = Capabilities("v1.33.2", ("loom.example.org/v1",))
    async with Helm(python=python) as helm:
        found = await helm.render(WEAVER, release="w", capabilities=told)
    assert [each["kind"] for each in found.objects] == ["Deployment", "Service", "Loom"]
    annotations = found.objects[0]["metadata"]["annotations"]
    assert annotations == {"weaver.example.org/kubernetes": "v1.33.2"}


async def test_values_that_do_not_fit_are_told_with_their_paths(python: str) -> None:
    wrong = {
        "replicas": 9,
        "pattern": "tartan",
        "looms": [{"width": "a"}, {}],
        "shuttle": {"enabled": True},
    }
    async with Helm(python=python) as helm:
        problems = await helm.check(WEAVER, values=wrong)
        with pytest.raises(InvalidInputError) as caught:
            await helm.render(WEAVER, release="w", values=wrong)
        assert await helm.check(WEAVER, values={"replicas": 2}) == ()
    found = {problem.path: problem.message for problem in problems}
    assert found == {
        "replicas": "maximum: got 9, want 5",
        "pattern": "value must be one of 'plain', 'twill', 'satin'",
        "looms[0].width": "got string, want integer",
        "looms[1]": "missing property 'width'",
    }
    assert {each.path for each in caught.value.problems} == set(found)
    assert caught.value.specific_code == "meshery.helm.values"


async def test_a_template_at_fault_is_told_with_file_and_line(tmp_path: Path, python: str) -> None:
    folder = copied("weaver", tmp_path / "weaver")
    template = folder / "templates" / "service.yaml"
    template.write_text('kind: Service\nname: {{ required "say which" .Values.missing }}\n')
    async with Helm(python=python) as helm:
        with pytest.raises(InvalidInputError) as caught:
            await helm.render(read_chart(folder, source="w", digest=""), release="w")
    (problem,) = caught.value.problems
    assert (problem.path, problem.line) == ("weaver/templates/service.yaml", 2)
    assert problem.message == "say which"


async def test_a_template_that_renders_to_no_object_is_told(tmp_path: Path) -> None:
    folder = copied("weaver", tmp_path / "weaver")
    (folder / "templates" / "service.yaml").write_text("just: text\n")
    async with Helm() as helm:
        with pytest.raises(InvalidInputError) as caught:
            await helm.render(read_chart(folder, source="w", digest=""), release="w")
    assert caught.value.problems[0].path == "weaver/templates/service.yaml"


async def test_lint_tells_what_is_unusual_and_what_is_wrong(tmp_path: Path, python: str) -> None:
    folder = copied("weaver", tmp_path / "weaver")
    (folder / "templates" / "service.yaml").write_text("{{ .Values.port ")
    async with Helm(python=python) as helm:
        (unusual,) = await helm.lint(WEAVER)
        wrong = await helm.lint(read_chart(folder, source="w", digest=""))
    assert (unusual.severity, unusual.path) == ("info", "Chart.yaml")
    assert "unclosed action" in next(each.message for each in wrong if each.severity == "error")


async def test_a_template_without_end_takes_its_child_with_it_and_nothing_else() -> None:
    async with Helm(limits=Limits(cpu_s=1)) as helm:
        with pytest.raises(LimitError) as caught:
            await helm.render(ENDLESS, release="e")
        assert caught.value.specific_code == "meshery.helm.cpu"
        assert (await helm.render(WEAVER, release="w")).objects


@pytest.mark.parametrize("by", ["size", "text"])
async def test_a_template_that_grows_is_ended_by_its_memory(by: str) -> None:
    async with Helm(limits=Limits(memory_bytes=320 * 1024**2)) as helm:
        with pytest.raises(LimitError) as caught:
            await helm.render(ENDLESS, release="e", values={"by": by})
    assert caught.value.specific_code == "meshery.helm.memory"


async def test_an_answer_has_a_largest_size() -> None:
    async with Helm(limits=Limits(answer_bytes=1_000)) as helm:
        with pytest.raises(LimitError) as caught:
            await helm.render(WEAVER, release="w")
    assert caught.value.specific_code == "meshery.helm.size"


async def test_time_runs_out_and_the_child_is_gone() -> None:
    async with Helm() as helm:
        with pytest.raises(DeadlineError):
            await helm.render(ENDLESS, release="e", time_s=0.7)
    assert not children()


async def test_cancelling_and_leaving_end_the_child() -> None:
    async with Helm() as helm:
        asked = asyncio.create_task(helm.render(ENDLESS, release="e"))
        await _child_of(asked)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        assert not children()
        left = asyncio.create_task(helm.render(ENDLESS, release="e"))
        await _child_of(left)
    assert not children()
    with pytest.raises(asyncio.CancelledError):
        await left


async def _child_of(task: "asyncio.Task[object]") -> None:
    end = time.monotonic() + 10
    while not children():
        assert not task.done()
        assert time.monotonic() < end
        await asyncio.sleep(0.02)
