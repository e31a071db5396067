"""Archives: plain files come out, everything else is refused, and a bomb ends early."""

import gzip
import hashlib
import io
import tarfile
import tracemalloc
from pathlib import Path

import pytest

from kube.helm.samples import archive, packed, special
from meshery.core.errors import InvalidInputError, LimitError, MesheryError
from meshery.kube.helm.archive import unpack
from meshery.kube.helm.bounds import HOSTILE, Bounds

HEAD = ("c/Chart.yaml", b"apiVersion: v2\nname: c\nversion: 1.0.0\n")


def test_a_chart_comes_out_whole_and_private(tmp_path: Path) -> None:
    content = packed("weaver")
    digest = unpack(content, tmp_path, source="weaver")
    assert digest == f"sha256:{hashlib.sha256(content).hexdigest()}"
    template = tmp_path / "weaver" / "templates" / "deployment.yaml"
    assert "kind: Deployment" in template.read_text()
    assert template.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("member", "words"),
    [
        (("../out.yaml", b"x"), "leads out"),
        (("c/../../out.yaml", b"x"), "leads out"),
        (("/etc/passwd", b"x"), "leads out"),
        (("c\\..\\out.yaml", b"x"), "leads out"),
        (("C:/out.yaml", b"x"), "leads out"),
        (("/".join("abcdefghijklmnopqrst") + "/x", b"x"), "deeper than"),
        (special("c/values.yaml", tarfile.SYMTYPE, "/etc/passwd"), "a link to"),
        (special("c/values.yaml", tarfile.LNKTYPE, "c/Chart.yaml"), "a link to"),
        (special("c/values.yaml", tarfile.FIFOTYPE), "a device or a pipe"),
        (special("c/values.yaml", tarfile.CHRTYPE), "a device or a pipe"),
        (("c/Chart.yaml", b"again"), "comes twice"),
        (("c/Chart.yaml/below", b"x"), "comes twice"),
    ],
)
def test_what_is_no_plain_file_within_is_refused(
    tmp_path: Path, member: tuple[str, bytes] | tarfile.TarInfo, words: str
) -> None:
    place = tmp_path / "place"
    place.mkdir()
    with pytest.raises(InvalidInputError) as caught:
        unpack(archive(HEAD, member), place, source="c.tgz")
    assert caught.value.specific_code == HOSTILE
    assert words in caught.value.cause
    assert [path.name for path in tmp_path.iterdir()] == ["place"]
    assert not any(path.is_symlink() for path in place.rglob("*"))


@pytest.mark.parametrize(
    ("bounds", "words"),
    [
        (Bounds(archive_bytes=100), "its archive has"),
        (Bounds(file_bytes=1_000), "has 5000 bytes"),
        (Bounds(total_bytes=6_000), "too large together"),
        (Bounds(files=2), "too many files"),
    ],
)
def test_more_than_may_be_is_refused(tmp_path: Path, bounds: Bounds, words: str) -> None:
    content = archive(HEAD, ("c/a", bytes(5_000)), ("c/b", bytes(5_000)))
    with pytest.raises(LimitError) as caught:
        unpack(content, tmp_path, source="c.tgz", bounds=bounds)
    assert words in caught.value.cause


def test_a_bomb_in_the_archives_own_headers_takes_no_memory(tmp_path: Path) -> None:
    """A name of a gigabyte: the library would read all of it before anyone saw the member."""
    head = tarfile.TarInfo("././@LongLink")
    head.type = tarfile.GNUTYPE_LONGNAME
    head.size = 1 << 30
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb", compresslevel=1) as packing:
        packing.write(head.tobuf(tarfile.GNU_FORMAT))
        for _ in range(64):
            packing.write(bytes(1 << 20))
    bounds = Bounds(total_bytes=1 << 20)
    tracemalloc.start()
    try:
        with pytest.raises(MesheryError):
            unpack(out.getvalue(), tmp_path, source="c.tgz", bounds=bounds)
        assert tracemalloc.get_traced_memory()[1] < 60 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "content", [b"", b"no archive", gzip.compress(b"no tar"), packed("weaver")[:400]]
)
def test_what_is_no_archive_is_told(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(InvalidInputError) as caught:
        unpack(content, tmp_path, source="c.tgz")
    assert caught.value.what == "c.tgz is no archive of a chart"
