"""`--chart`: folders, files and addresses become checked charts, or say what they lack."""

from pathlib import Path

import pytest

from fixtures.loopback import LoopbackServer, loopback
from kube.helm.samples import CHARTS, copied, packed
from meshery.core.errors import ForbiddenError, InvalidInputError, LimitError, NotFoundError
from meshery.kube.helm import folder as folders
from meshery.kube.helm.bounds import HOSTILE, Bounds
from meshery.kube.helm.helm import Helm
from meshery.kube.helm.source import obtain, pick, source_of

__all__ = ["loopback"]


@pytest.fixture
def into(tmp_path: Path) -> Path:
    return tmp_path / "charts"


async def test_a_folder_is_copied_with_the_digest_of_its_files(tmp_path: Path, into: Path) -> None:
    given = copied("weaver", tmp_path / "given")
    (found,) = await obtain(source_of(str(given)), into=into)
    assert (found.name, found.version, found.app_version) == ("weaver", "1.0.0", "7.1")
    assert found.kubernetes == ">=1.28.0-0"
    assert found.dependencies[0].is_there
    assert found.defaults().data["port"] == 8080
    schema = found.schema()
    assert schema is not None
    assert "pattern" in schema["properties"]
    (again,) = await obtain(source_of(str(given)), into=into)
    assert again.digest == found.digest
    assert again.folder != found.folder
    (given / "values.yaml").write_text("port: 1\n")
    (changed,) = await obtain(source_of(str(given)), into=into)
    assert changed.digest != found.digest
    assert found.defaults().data["port"] == 8080  # what was checked is what stays


async def test_a_bundle_gives_every_chart_by_its_name(tmp_path: Path, into: Path) -> None:
    bundle = tmp_path / "release"
    copied("weaver", bundle / "manifests" / "charts" / "first")
    copied("endless", bundle / "manifests" / "charts" / "deeper" / "second")
    (bundle / "manifests" / "old.tgz").write_bytes(packed("weaver", version="0.9.0"))
    (bundle / "README.md").write_text("not a chart")
    charts = await obtain(source_of(str(bundle)), into=into)
    assert {(chart.name, chart.version) for chart in charts} == {
        ("weaver", "1.0.0"),
        ("weaver", "0.9.0"),
        ("endless", "0.0.1"),
    }
    assert pick(charts, name="weaver", version="v0.9.0").version == "0.9.0"
    with pytest.raises(NotFoundError) as caught:
        pick(charts, name="weaver", version="1.1.0")
    assert "weaver 1.0.0" in caught.value.cause
    with pytest.raises(NotFoundError) as caught:
        pick(charts, name="weever")
    assert "weaver" in caught.value.cause
    with pytest.raises(NotFoundError, match="holds 2 charts"):
        pick(charts, name="weaver")


async def test_an_archive_is_unpacked(tmp_path: Path, into: Path) -> None:
    file = tmp_path / "weaver-1.0.0.tgz"
    file.write_bytes(packed("weaver"))
    (found,) = await obtain(source_of(str(file)), into=into)
    assert found.digest.startswith("sha256:")
    assert (Path(found.folder) / "crds" / "threads.yaml").is_file()


async def test_links_within_the_folder_are_followed_and_others_refused(
    tmp_path: Path, into: Path
) -> None:
    given = copied("weaver", tmp_path / "given")
    (given / "more.yaml").symlink_to(given / "values.yaml")
    (found,) = await obtain(source_of(str(given)), into=into)
    assert not (Path(found.folder) / "more.yaml").is_symlink()
    secret = tmp_path / "secret"
    secret.write_text("key")
    (given / "more.yaml").unlink()
    (given / "more.yaml").symlink_to(secret)
    with pytest.raises(InvalidInputError) as caught:
        await obtain(source_of(str(given)), into=into)
    assert caught.value.specific_code == HOSTILE
    assert "more.yaml" in caught.value.cause


def test_a_folder_that_is_too_large_or_turns_in_a_circle_is_refused(tmp_path: Path) -> None:
    given = copied("weaver", tmp_path / "given")
    (given / "big").write_bytes(bytes(10_000))
    with pytest.raises(LimitError):
        folders.copy(given, tmp_path / "to", root=given, bounds=Bounds(file_bytes=9_000))
    (given / "big").unlink()
    (given / "circle").symlink_to(given)
    with pytest.raises(InvalidInputError, match="is refused"):
        folders.copy(given, tmp_path / "to2", root=given)


@pytest.mark.parametrize(
    ("text", "path", "message"),
    [
        ("name: c\nversion: 1.0.0\n", "", "missing required field `apiVersion`"),
        ("apiVersion: v3\nname: c\nversion: 1.0.0\n", "apiVersion", "Invalid enum value"),
        ("apiVersion: v2\nname: c\nversion: 1.1\n", "version", "Expected `str`, got `float`"),
        ("apiVersion: v2\nname: ../c\nversion: 1.0.0\n", "Chart.yaml: name", "is no chart's name"),
        ("apiVersion: v2\nname: c\nversion: latest\n", "Chart.yaml: version", "no semantic"),
        ("- a list\n", "", "Expected `object`, got `array`"),
        ("apiVersion: !!python/object:os.system v2\n", "", "could not determine a constructor"),
    ],
)
async def test_faults_of_a_chart_file_are_told_with_their_place(
    tmp_path: Path, into: Path, text: str, path: str, message: str
) -> None:
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "Chart.yaml").write_text(text)
    with pytest.raises(InvalidInputError) as caught:
        await obtain(source_of(str(tmp_path / "c")), into=into)
    (problem,) = caught.value.problems
    assert problem.path == path
    assert message in problem.message


async def test_a_chart_file_is_read_as_helm_reads_it(tmp_path: Path, into: Path) -> None:
    (tmp_path / "c").mkdir()
    text = "apiVersion: v2\nname: c\nversion: 1.0.0\nappVersion: 2026-10-14\n"
    (tmp_path / "c" / "Chart.yaml").write_text(text)
    (tmp_path / "c" / "values.yaml").write_text("at: 12:30:45\ny: y\n")
    (found,) = await obtain(source_of(str(tmp_path / "c")), into=into)
    assert found.app_version == "2026-10-14"
    assert found.defaults().data == {"at": "12:30:45", "true": True}


async def test_missing_dependencies_are_told_before_helm_is_asked(
    tmp_path: Path, into: Path
) -> None:
    given = copied("weaver", tmp_path / "given")
    (given / "charts" / "shuttle").rename(tmp_path / "elsewhere")
    with pytest.raises(InvalidInputError) as caught:
        await obtain(source_of(str(given)), into=into)
    assert "shuttle" in caught.value.cause
    assert "helm dependency build" in caught.value.remedy


async def test_dependencies_beside_a_chart_are_taken_along(tmp_path: Path, into: Path) -> None:
    bundle = tmp_path / "sources"
    given = copied("weaver", bundle / "weaver")
    (given / "charts" / "shuttle").rename(bundle / "shuttle")
    head = given / "Chart.yaml"
    head.write_text(
        head.read_text().replace(
            "version: 0.1.0", "version: 0.1.0\n    repository: file://../shuttle"
        )
    )
    charts = await obtain(source_of(str(bundle)), into=into)
    found = pick(charts, name="weaver")
    assert found.dependencies[0].is_there
    async with Helm() as helm:
        made = await helm.render(found, release="w", values={"shuttle": {"enabled": True}})
    assert "ConfigMap" in {each["kind"] for each in made.objects}
    with pytest.raises(InvalidInputError, match="lacks charts"):  # beside what was named
        await obtain(source_of(str(given)), into=tmp_path / "other")
    (bundle / "shuttle" / "Chart.yaml").write_text(
        "apiVersion: v2\nname: shuttle\nversion: 0.1.0\n"
        "dependencies: [{name: shuttle, version: 0.1.0, repository: 'file://../shuttle'}]\n"
    )
    with pytest.raises(LimitError, match="and so on"):
        await obtain(source_of(str(bundle)), into=tmp_path / "circle")


def test_what_is_no_source_is_told(tmp_path: Path) -> None:
    for text in ("nowhere", "oci://", "oci://HOST:x/y", "ftp://example.org/c.tgz"):
        with pytest.raises(InvalidInputError):
            source_of(text)
    with pytest.raises(InvalidInputError, match="which chart"):
        source_of("https://charts.example.org/stable")
    assert source_of(str(CHARTS / "weaver")).kind == "folder"
    assert source_of("https://example.org/weaver-1.0.0.tgz?raw=1").kind == "address"
    assert source_of("oci://example.org/charts/weaver:1.0.0").kind == "registry"


async def test_a_folder_without_a_chart_says_so(tmp_path: Path, into: Path) -> None:
    with pytest.raises(InvalidInputError, match="holds no chart"):
        await obtain(source_of(str(tmp_path)), into=into)


async def test_an_address_in_our_own_network_is_refused_unless_registered(
    loopback: LoopbackServer, into: Path
) -> None:
    loopback.answers["/weaver.tgz"] = lambda _headers: (200, {}, packed("weaver"))
    source = source_of(f"{loopback.url}/weaver.tgz")
    with pytest.raises(ForbiddenError):
        await obtain(source, into=into)
    own = loopback.url.removeprefix("http://")
    (found,) = await obtain(source, into=into, registered={own})
    assert found.name == "weaver"
