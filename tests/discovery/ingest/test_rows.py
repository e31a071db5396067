"""What counts as written by an object's author."""

from meshery.discovery.ingest.rows import written


def test_what_the_watch_adds_is_no_change() -> None:
    shop = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}
    additions: tuple[dict[str, object], ...] = (
        {"marked_at": {"labels": {"istio.io/rev": "x"}}},
        {"certificates": {}},
    )
    for told in additions:
        assert written({**shop, **told}) == written(shop)
