import pytest

from meshery.core.errors import InvalidInputError
from meshery.operator.images import NATS, Images, versioned

DIGEST = "@sha256:" + "a" * 64
OTHER = "@sha256:" + "b" * 64


@pytest.mark.parametrize(
    ("image", "version", "wanted"),
    [
        ("nats:2.14.2-alpine", "", "nats:2.14.2-alpine"),
        ("nats:2.14.2-alpine", "2.15.1", "nats:2.15.1-alpine"),
        ("nats:2.14.2-alpine", "v2.15.1", "nats:2.15.1-alpine"),
        ("nats:2.14.2-alpine", "2.15.1-scratch", "nats:2.15.1-scratch"),
        ("nats:2.14.2", "2.15.1", "nats:2.15.1"),
        ("nats", "2.15.1", "nats:2.15.1"),
        ("host:5000/mirror/nats:2.14.2-alpine", "2.15.1", "host:5000/mirror/nats:2.15.1-alpine"),
        ("host:5000/mirror/nats", "2.15.1", "host:5000/mirror/nats:2.15.1"),
        # A digest is that of its own version: another one lets go of it.
        (f"nats:2.14.2{DIGEST}", "", f"nats:2.14.2{DIGEST}"),
        (f"nats:2.14.2{DIGEST}", "2.14.2", f"nats:2.14.2{DIGEST}"),
        (f"nats:2.14.2{DIGEST}", "2.15.1", "nats:2.15.1"),
        (f"nats{DIGEST}", "2.15.1", "nats:2.15.1"),
        (f"nats:2.14.2{DIGEST}", f"2.15.1{OTHER}", f"nats:2.15.1{OTHER}"),
    ],
)
def test_the_image_of_a_version(image: str, version: str, wanted: str) -> None:
    assert versioned(image, version) == wanted


@pytest.mark.parametrize("image", ["", "two words", "nats@sha256:short", "nats:tag:tag:"])
def test_what_is_no_image_is_refused(image: str) -> None:
    with pytest.raises(InvalidInputError, match="is no image"):
        versioned(image, "")


def test_images_are_settings() -> None:
    assert Images.of({}).broker == NATS
    given = {"BROKER_IMAGE": f"mirror/nats{DIGEST}", "MESHSYNC_IMAGE": "mirror/meshery:1"}
    assert Images.of(given) == Images(given["BROKER_IMAGE"], given["MESHSYNC_IMAGE"])
    with pytest.raises(InvalidInputError):
        Images.of({"BROKER_IMAGE": "no image"})
