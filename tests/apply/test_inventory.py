import msgspec
import pytest

from apply.target_suite import account, account_ref
from meshery.apply.inventory import Entry, Inventory, dropped, joined, opened, sealed, without
from meshery.apply.memory import MemoryTarget
from meshery.apply.outcome import Outcome, Record
from meshery.apply.target import Ref
from meshery.apply.undo import undo
from meshery.core.errors import InvalidInputError

SECRET = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"a": "aGk="}}


def entry(name: str, uid: str = "", *, before: str = "", digest: str = "") -> Entry:
    prior = account(name, was=before) if before else None
    ref = account_ref(name)
    return Entry(
        f"ServiceAccount default/{name}", ref, uid, bool(before), prior, digest=digest
    )  # fmt: skip


def inventory(*entries: Entry) -> Inventory:
    return Inventory("d1", entries)


def test_what_was_before_is_known_from_the_first_run_and_what_was_applied_from_the_last() -> None:
    first = inventory(entry("a", "1", before="theirs", digest="x"), entry("b", "2", digest="x"))
    latest = inventory(
        entry("a", "1", before="ours", digest="y"), entry("b", "9", digest="y"), entry("c", "3")
    )
    found = {each.ref.name: each for each in joined(first, latest).entries}
    assert found["a"].prior == account("a", was="theirs")
    assert found["a"].digest == "y"
    assert found["b"].uid == "9", "it was replaced meanwhile"
    assert sorted(found) == ["a", "b", "c"]


def test_an_object_is_the_same_by_its_uid_in_another_group_too() -> None:
    old = Entry("Ingress.extensions default/i", Ref("extensions/v1beta1", "Ingress", "i"), "1")
    new = Entry(
        "Ingress.networking.k8s.io default/i", Ref("networking.k8s.io/v1", "Ingress", "i"), "1",
        existed=True,
    )  # fmt: skip
    former = inventory(old, entry("gone", "2"))
    surplus = dropped(former, keeping=[new.key], uids=["1"])
    assert [each.ref.name for each in surplus.entries] == ["gone"]
    (kept,) = without(joined(former, inventory(new)), [surplus.entries[0].key]).entries
    assert kept.key == new.key
    assert not kept.existed, "we had made it"


def test_former_content_that_is_secret_is_sealed_and_opened() -> None:
    given = Entry("Secret default/s", Ref("v1", "Secret", "s"), "1", True, SECRET)
    hidden = sealed(given, lambda plain: plain[::-1])
    assert hidden.prior is None
    assert b"aGk=" not in msgspec.json.encode(hidden)
    assert opened(hidden, lambda cipher: cipher[::-1]) == given
    plain = entry("a", "1", before="x")
    assert sealed(plain, lambda plain: plain[::-1]) == plain


async def test_an_undo_of_sealed_content_is_refused() -> None:
    closed = Entry("Secret default/s", Ref("v1", "Secret", "s"), "1", existed=True, sealed=b"x")
    target = MemoryTarget("plan", kinds=frozenset({"v1/Secret"}))
    with pytest.raises(InvalidInputError, match="sealed"):
        await undo(target, inventory(closed), timeout_s=1)


def test_a_record_is_stored_and_read_as_it_was() -> None:
    outcome = Outcome("a", account_ref("a"), "running", entry=entry("a", before="x"))
    record = Record("d1", (outcome,))
    assert msgspec.json.decode(msgspec.json.encode(record), type=Record) == record
