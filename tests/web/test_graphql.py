"""Types from nouns, and lists in parts."""

from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from typing import Any, Literal

import msgspec
import pytest
import strawberry
from graphql import GraphQLError
from strawberry.schema.config import StrawberryConfig

from meshery.core.cursor import Place
from meshery.core.errors import InvalidInputError
from meshery.core.page import Page, PageQuery
from meshery.web.graphql.fields import asked, connection, many, maybe
from meshery.web.graphql.lists import Direction, Slice, slice_of, slice_query, sliced
from meshery.web.graphql.nouns import join, noun
from meshery.web.graphql.scalars import SCALARS


class Mood(StrEnum):
    VERY_GOOD = "very-good"
    BAD = "bad"


class Leaf(msgspec.Struct, frozen=True):
    """A leaf."""

    size_mm: float


class Tree(msgspec.Struct, frozen=True):
    """A tree
    of a wood."""

    id: str
    seq: int
    rings: int
    mood: Mood
    kind: Literal["oak", "slow-elm"]
    planted_at: datetime | None
    leaves: tuple[Leaf, ...]
    by_place: dict[str, Leaf]
    notes: dict[str, str]
    anything: Any
    secret: str = ""


TREE = Tree(
    id="t1",
    seq=2**40,
    rings=3,
    mood=Mood.VERY_GOOD,
    kind="slow-elm",
    planted_at=datetime(2026, 1, 2, 3, tzinfo=timezone(timedelta(hours=2))),
    leaves=(Leaf(1.5),),
    by_place={"top": Leaf(2.5)},
    notes={"a": "b"},
    anything=[1, {"x": None}],
)


def age_of(root: Tree) -> int:
    return root.rings * 2


TREE_NOUN = noun(Tree, name="WoodTree", without={"secret"})
join(Tree, age_of, kind=int, name="age_in_years", description="Two a ring.")


@strawberry.enum
class Field(StrEnum):
    RINGS = "rings"
    PLACE = "id"


@strawberry.input
class Order:
    field: Field = Field.RINGS
    direction: Direction = Direction.DESCENDING


@strawberry.type
class Query:
    @asked(TREE_NOUN, "One.")
    async def tree(self) -> Tree:
        return TREE

    @asked(maybe(TREE_NOUN), "None.")
    async def no_tree(self) -> Tree | None:
        return None

    @asked(many(TREE_NOUN), "Some.")
    async def trees(self) -> list[Tree]:
        return [TREE]

    @asked(connection(TREE_NOUN), "In parts.")
    async def wood(
        self, first: int = 2, after: str | None = None, order_by: Order | None = None
    ) -> Slice[Tree]:
        trees = [msgspec.structs.replace(TREE, id=f"t{i}", rings=9 - i) for i in range(5)]
        query = slice_query(first, after, order=order_by or Order())
        return sliced(trees, query)


SCHEMA = strawberry.Schema(Query, config=StrawberryConfig(scalar_map=dict(SCALARS)))


async def answered(query: str) -> Any:
    result = await SCHEMA.execute(query)
    assert result.errors is None
    return result.data


async def test_a_noun_has_the_fields_of_its_struct() -> None:
    data = await answered(
        "{ tree { id seq rings mood kind plantedAt leaves { sizeMm } byPlace { key value "
        "{ sizeMm } } notes anything ageInYears } noTree { id } }"
    )
    assert data == {
        "tree": {
            "id": "t1",
            "seq": 2**40,
            "rings": 3,
            "mood": "VERY_GOOD",
            "kind": "SLOW_ELM",
            "plantedAt": "2026-01-02T01:00:00Z",
            "leaves": [{"sizeMm": 1.5}],
            "byPlace": [{"key": "top", "value": {"sizeMm": 2.5}}],
            "notes": {"a": "b"},
            "anything": [1, {"x": None}],
            "ageInYears": 6,
        },
        "noTree": None,
    }


def test_a_noun_is_described_and_leaves_out_what_it_shall() -> None:
    text = SCHEMA.as_str()
    assert '"""A tree of a wood."""\ntype WoodTree {' in text
    assert "secret" not in text
    assert "enum WoodTreeKind {\n  OAK\n  SLOW_ELM\n}" in text
    assert "id: ID!" in text


def test_a_noun_is_the_same_each_time_and_joined_once() -> None:
    assert noun(Tree) is TREE_NOUN
    with pytest.raises(ValueError, match="age_in_years"):
        join(Tree, age_of, kind=int, name="age_in_years", description="Two a ring.")


def test_what_graphql_cannot_say_is_refused() -> None:
    class Either(msgspec.Struct):
        one: int | str

    with pytest.raises(TypeError, match="GraphQL has no"):
        noun(Either)


async def test_a_list_is_read_to_its_end_in_parts() -> None:
    seen, after = [], "null"
    for _ in range(3):
        query = f"{{ wood(after: {after}) {{ totalCount edges {{ cursor node {{ id }} }} "
        data = await answered(query + "pageInfo { hasNextPage hasPreviousPage endCursor } } }")
        seen += [edge["node"]["id"] for edge in data["wood"]["edges"]]
        info = data["wood"]["pageInfo"]
        assert (data["wood"]["totalCount"], info["hasNextPage"]) == (5, len(seen) < 5)
        after = f'"{info["endCursor"]}"'
    assert seen == ["t0", "t1", "t2", "t3", "t4"]


@pytest.mark.parametrize(
    ("order", "first"),
    [
        ("{field: PLACE, direction: DESCENDING}", "t4"),
        ("{field: PLACE, direction: ASCENDING}", "t0"),
        ("{direction: ASCENDING}", "t4"),
        ("{}", "t0"),
    ],
)
async def test_a_list_has_the_order_that_was_asked_for(order: str, first: str) -> None:
    data = await answered(f"{{ wood(orderBy: {order}) {{ nodes {{ id }} }} }}")
    assert data["wood"]["nodes"][0]["id"] == first


@pytest.mark.parametrize("first", [0, -1, 501, 10**12])
def test_a_part_has_a_size(first: int) -> None:
    with pytest.raises(InvalidInputError) as refused:
        slice_query(first, None, order=Order())
    assert [each.path for each in refused.value.problems] == ["first"]


@pytest.mark.parametrize(
    "after", ["", "x", "YXQ6", "kqYtcmluZ3M", "kqYtcmluZ3OSAaF0_w", "\x00", "é"]
)
def test_a_cursor_is_one_of_ours(after: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        slice_query(1, after, order=Order())
    assert [each.path for each in refused.value.problems] == ["after"]


def test_a_cursor_is_of_one_order() -> None:
    part = sliced([TREE], slice_query(1, None, order=Order()))
    with pytest.raises(InvalidInputError, match="after") as refused:
        slice_query(1, part.page_info.end_cursor, order=Order(direction=Direction.ASCENDING))
    assert "'-rings'" in str(refused.value.cause)


def test_a_cursor_with_values_of_other_kinds_is_refused() -> None:
    made_up = Place("-rings", ("many", "t1")).cursor()
    with pytest.raises(InvalidInputError) as refused:
        sliced([TREE], slice_query(1, made_up, order=Order()))
    assert [each.path for each in refused.value.problems] == ["after"]


@pytest.mark.parametrize("direction", list(Direction))
def test_items_that_come_and_go_between_parts_move_no_others(direction: Direction) -> None:
    """Of items that are alike in what they are ordered by."""
    order = Order(direction=direction)
    trees = [msgspec.structs.replace(TREE, id=f"t{number}") for number in range(1, 9)]
    first = sliced(trees[1:], slice_query(3, None, order=order))
    last_seen = first.nodes[-1]
    left = [trees[0], *(each for each in trees[1:] if each is not last_seen)]
    rest = sliced(left, slice_query(9, first.page_info.end_cursor, order=order))
    seen = [each.id for each in [*first.nodes, *rest.nodes]]
    expected = [each.id for each in (trees if direction == Direction.DESCENDING else trees[1:])]
    assert sorted(seen) == expected


async def test_a_service_is_asked_for_the_part_and_one_more() -> None:
    asked_for: list[PageQuery] = []
    trees = [msgspec.structs.replace(TREE, id=f"t{number}") for number in range(3)]

    async def listed(query: PageQuery) -> Page[Tree]:
        asked_for.append(query)
        return Page.of(trees[: query.page_size], query, total=9)

    part = await slice_of(listed, slice_query(2, None, order=Order(), search=" x "))
    end = part.page_info.end_cursor
    last = await slice_of(listed, slice_query(3, end, order=Order()))
    assert ([each.id for each in part.nodes], part.total_count) == (["t0", "t1"], 9)
    assert [each.node.id for each in part.edges] == ["t0", "t1"]
    assert [each.page_size for each in asked_for] == [3, 4]
    assert [each.after for each in asked_for] == [None, Place("-rings", (3, "t1"))]
    assert (asked_for[0].order, asked_for[0].search) == ("-rings", "x")
    assert (part.page_info.has_next_page, last.page_info.has_next_page) == (True, False)
    assert (part.page_info.has_previous_page, last.page_info.has_previous_page) == (False, True)


@pytest.mark.parametrize("value", [1.5, True, "1", 2**60, None])
def test_a_long_is_a_whole_number(value: object) -> None:
    from meshery.web.graphql.scalars import Long

    scalar = SCALARS[Long]
    assert scalar.parse_value is not None
    with pytest.raises(GraphQLError, match="is a whole number"):
        scalar.parse_value(value)


def test_a_moment_needs_a_zone() -> None:
    scalar = SCALARS[datetime]
    assert scalar.parse_value is not None
    assert scalar.parse_value("2026-01-02T03:04:05Z") == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    with pytest.raises(GraphQLError, match="time zone"):
        scalar.parse_value("2026-01-02T03:04:05")
