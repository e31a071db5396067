"""Image references: every way a registry, a mirror or a digest is written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshery.discovery.fingerprints.images import ImageReference, parse_image
from meshery.discovery.fingerprints.patterns import image_strength
from meshery.discovery.fingerprints.rows import Images

DIGEST = "sha256:" + "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("text", "registry", "path", "tag", "digest"),
    [
        ("nginx", "docker.io", "library/nginx", "", ""),
        ("nginx:1.27", "docker.io", "library/nginx", "1.27", ""),
        ("istio/pilot:1.24.1", "docker.io", "istio/pilot", "1.24.1", ""),
        ("localhost/pilot:1", "localhost", "pilot", "1", ""),
        ("registry:5000/istio/pilot", "registry:5000", "istio/pilot", "", ""),
        ("r.example.org:5000/a/b/pilot:1.2", "r.example.org:5000", "a/b/pilot", "1.2", ""),
        (f"10.0.0.1:80/pilot@{DIGEST}", "10.0.0.1:80", "pilot", "", DIGEST),
        (f"[fd00::1]:5000/x/pilot:2@{DIGEST}", "[fd00::1]:5000", "x/pilot", "2", DIGEST),
        (f"docker-pullable://istio/pilot@{DIGEST}", "docker.io", "istio/pilot", "", DIGEST),
        ("cr.l5d.io/linkerd/proxy:edge-26.9.1", "cr.l5d.io", "linkerd/proxy", "edge-26.9.1", ""),
    ],
)
def test_references(text: str, registry: str, path: str, tag: str, digest: str) -> None:
    assert parse_image(text) == ImageReference(registry, path, tag, digest)


@pytest.mark.parametrize(
    "text",
    ["", " ", "acme/UPPER", "a//b", "a:b:c", "a@b", f"a@{DIGEST}@{DIGEST}", "a:", "-a", "/a"],
)
def test_what_is_no_reference_is_empty(text: str) -> None:
    assert parse_image(text) == ImageReference()


PART = st.from_regex(r"[a-z0-9]{1,6}(?:[._-][a-z0-9]{1,6})?", fullmatch=True)
REGISTRY = st.builds(
    lambda host, port: f"{host}.example.org{f':{port}' if port else ''}",
    st.from_regex(r"[a-z][a-z0-9]{0,5}", fullmatch=True),
    st.integers(0, 65535),
)
TAG = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}", fullmatch=True)
REFERENCE = st.builds(
    ImageReference,
    registry=REGISTRY,
    path=st.lists(PART, min_size=1, max_size=4).map("/".join),
    tag=TAG | st.just(""),
    digest=st.sampled_from(["", DIGEST]),
)


@given(REFERENCE)
def test_what_is_written_is_read_back(reference: ImageReference) -> None:
    assert parse_image(str(reference)) == reference


@given(REFERENCE, REGISTRY, st.lists(PART, max_size=3))
def test_a_mirror_keeps_the_basename(
    reference: ImageReference, registry: str, prefix: list[str]
) -> None:
    mirrored = parse_image("/".join([registry, *prefix, reference.basename]) + ":9.9")
    assert mirrored.basename == reference.basename


@given(st.text(max_size=60))
def test_no_text_breaks_the_parser(text: str) -> None:
    found = parse_image(text)
    assert not found.path or parse_image(str(found)) == found


def test_how_well_an_image_fits() -> None:
    images = Images(distinct=("proxyv2", "*-proxyv2"), common=("proxy",))
    fits = [
        image_strength(parse_image(text), images, ("linkerd",))
        for text in (
            "m.example.org:5000/any/proxyv2",
            "m.example.org/istio_proxyv2:1",
            "m.example.org/cache/linkerd/proxy",
            "shop/proxy",
            "shop/other",
        )
    ]
    assert fits == ["distinct", "distinct", "organisation", "common", ""]
