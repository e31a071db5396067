import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from nicegui import ui
from nicegui.events import GenericEventArguments

from meshery.core.errors import InvalidInputError, Problem, UnavailableError
from meshery.ui.context import PageContext
from meshery.ui.page import Notice, Page
from meshery.ui.widgets.action import action
from meshery.ui.widgets.code_block import code_block
from meshery.ui.widgets.column import Column
from meshery.ui.widgets.confirm_dialog import confirm
from meshery.ui.widgets.data_table import DataTable, TablePage, TableQuery
from meshery.ui.widgets.distribution_chart import Distribution, distribution_chart
from meshery.ui.widgets.dot_whisker import Difference, dot_whisker
from meshery.ui.widgets.empty_state import empty_state
from meshery.ui.widgets.error_panel import error_panel
from meshery.ui.widgets.event_list import EventList
from meshery.ui.widgets.graph_view import GraphEdge, GraphNode, GraphView
from meshery.ui.widgets.html import Tag, tag
from meshery.ui.widgets.live_table import LiveTable
from meshery.ui.widgets.percentile_chart import Curve, percentile_chart, place
from meshery.ui.widgets.sentence import sentence, spoken
from meshery.ui.widgets.step_list import ProgressBar, StepList, StepRow
from meshery.ui.widgets.timeline_chart import TimelineChart, TimeSeries
from meshery.ui.widgets.toast import toast
from meshery.ui.widgets.validity_badge import validity_panel

MakePage = Callable[..., Page]


def drawn(build: Callable[[], object]) -> Callable[[PageContext], Any]:
    async def page(_context: PageContext) -> None:
        build()

    return page


async def test_whiskers_say_in_words_what_is_not_distinguishable(
    read_pages: Any, make_page: MakePage
) -> None:
    rows = [Difference("mTLS", 41, 34, 48, "21 µs"), Difference("Retries", 3, -6, 12)]

    async with read_pages(
        [make_page(drawn(lambda: dot_whisker(rows, heading="Function")))]
    ) as user:
        await user.open("/")
        await user.should_see("+41 µs")
        await user.should_see("34 to 48 µs")
        whiskers = [e for e in user.find(kind=Tag).elements if e.props.get("role") == "img"]
        labels = {whisker.props["aria-label"] for whisker in whiskers}
        assert labels == {"above zero", "not distinguishable from zero"}


def test_a_difference_that_ends_at_zero_is_not_distinguishable() -> None:
    assert not Difference("a", 1, 0, 2).tells
    assert Difference("a", -2, -3, -1).tells


def test_a_difference_of_a_disturbed_measurement_tells_nothing() -> None:
    disturbed = Difference("a", -2, -3, -1, sound=False)
    assert not disturbed.tells
    assert "disturbed" in disturbed.words


def test_each_further_nine_is_as_wide_as_the_one_before() -> None:
    assert [round(place(p), 6) for p in (0, 90, 99, 99.9, 99.99)] == [0, 1, 2, 3, 4]
    assert place(100) == 5


async def test_charts_leave_out_what_a_logarithm_does_not_have(
    read_pages: Any, make_page: MakePage
) -> None:
    def build() -> None:
        percentile_chart(
            [Curve("on", "on the mesh", [(0, 0), (50, 300), (99, 900), (100, 2000)], [(50, 0, 1)])]
        )
        distribution_chart([Distribution("on", "on", [(0, 10, 4), (100, 112, 6)])])
        distribution_chart([])
        percentile_chart([])

    async with read_pages([make_page(drawn(build))]) as user:
        await user.open("/")
        charts = sorted(user.find(kind=ui.echart).elements, key=lambda chart: chart.id)
        curve, bounds = charts[0].options["series"]
        assert curve["data"] == [[0.301, 300], [2.0, 900]]
        assert bounds["data"] == []
        assert charts[0].props["aria-label"].endswith("on the mesh p50 300 µs, p99 900 µs")
        assert charts[1].options["series"][0]["data"] == [[100, 60.0], [112, 60.0]]


async def test_a_live_line_grows_by_points(read_pages: Any, make_page: MakePage) -> None:
    chart = TimelineChart({"on": "on the mesh", "off": "off the mesh"})

    def build() -> None:
        chart.draw([TimeSeries("on", "on", [(1, 500)])])

    async with read_pages([make_page(drawn(build))]) as user:
        await user.open("/")
        with user:
            chart.add("on", 2, 600)
            chart.flush()
        (drawn_chart,) = user.find(kind=ui.echart).elements
        assert drawn_chart.options["series"][0]["data"] == [[1, 500], [2, 600]]


async def test_ten_thousand_rows_cost_a_page(read_pages: Any, make_page: MakePage) -> None:
    asked: list[TableQuery] = []
    table: list[DataTable] = []

    async def load(query: TableQuery) -> TablePage:
        asked.append(query)
        if query.search == "broken":
            raise UnavailableError("the database is away", remedy="wait")
        first = (query.page - 1) * query.page_size
        rows = [
            {"id": str(n), "name": [f"row {n}", f"/rows/{n}"]} for n in range(first, first + 25)
        ]
        return TablePage(rows, 10_000)

    async def build(_context: PageContext) -> None:
        columns = [Column("name", "Name", "link", sortable=True), Column("state", "State", "state")]
        table.append(DataTable(columns, load, noun="row", order="-name"))
        await table[0].refresh()

    async with read_pages([make_page(build)]) as user:
        client = await user.open("/")
        await user.should_see("10,000 rows")
        (shown,) = user.find(kind=ui.table).elements
        assert len(shown.rows) == 25
        assert shown.pagination["rowsNumber"] == 10_000
        wanted = {"page": 3, "rowsPerPage": 50, "sortBy": "name"}
        event = GenericEventArguments(sender=shown, client=client, args={"pagination": wanted})
        await table[0]._requested(event)
        assert asked[-1] == TableQuery(3, 50, "name", "")
        fields = sorted(user.find(kind=ui.input).elements, key=lambda field: field.id)
        with user:
            fields[-1].set_value("broken")
        await user.should_see("The database is away")
        await user.should_see("Try again")


async def test_the_graph_changes_words_without_drawing_anew(
    read_pages: Any, make_page: MakePage
) -> None:
    views: list[GraphView] = []
    nodes = [GraphNode("a", "web", 0, 0), GraphNode("b", "api", 1, 0.5, detail="2 instances")]

    def build() -> None:
        views.append(GraphView())
        views[0].show(nodes, [GraphEdge("a", "b", observed=False)])

    async with read_pages([make_page(drawn(build))]) as user:
        client = await user.open("/")
        await user.should_see("not observed")
        before = set(client.elements)
        with user:
            views[0].show(nodes, [GraphEdge("a", "b", 120, 0.4)])
        assert set(client.elements) == before
        await user.should_see("120/s")
        await user.should_see("40 % errors")
        with user:
            views[0].show([*nodes, GraphNode("c", "data", 2, 0)], [GraphEdge("a", "c", mtls=True)])
        assert set(client.elements) != before
        await user.should_see("mutual TLS")


async def test_a_live_table_keeps_its_cells(read_pages: Any, make_page: MakePage) -> None:
    tables: list[LiveTable] = []

    def build() -> None:
        tables.append(LiveTable(("Name", "CPU"), label="Processes", empty="Nothing runs."))
        tables[0].show({})

    async with read_pages([make_page(drawn(build))]) as user:
        client = await user.open("/")
        await user.should_see("Nothing runs.")
        with user:
            tables[0].show({"a": ("web", "1 %")})
        await user.should_see("1 %")
        before = set(client.elements)
        with user:
            tables[0].show({"a": ("web", "2 %")})
        assert set(client.elements) == before
        await user.should_see("2 %")
        await user.should_not_see("1 %")


async def test_steps_progress_and_events(read_pages: Any, make_page: MakePage) -> None:
    def build() -> None:
        StepList().show([StepRow("start sidecars", "running", "2.1 s", "web-v1-0 ready")])
        bar = ProgressBar()
        bar.show(3, 10, "3 of 10 sidecars")
        events = EventList("nothing yet", limit=2)
        events.show([])
        for number in range(3):
            events.prepend(
                Notice(datetime.now(UTC), "info", f"event {number}", href="/operations/1")
            )

    async with read_pages([make_page(drawn(build))]) as user:
        await user.open("/")
        await user.should_see("start sidecars")
        await user.should_see("3 of 10 sidecars")
        await user.should_see("event 2")
        await user.should_see("event 1")
        await user.should_not_see("event 0")
        await user.should_not_see("nothing yet")


async def test_errors_list_every_problem(read_pages: Any, make_page: MakePage) -> None:
    problems = [Problem("spec.a", "is wrong", 3, "try b"), Problem("spec.c", "is missing")]
    error = InvalidInputError("two faults", problems=problems)

    async with read_pages([make_page(drawn(lambda: error_panel(error)))]) as user:
        await user.open("/")
        await user.should_see("line 3, spec.a: is wrong (try b)")
        await user.should_see("spec.c: is missing")
        await user.should_see("meshery.invalid_input")


async def test_an_action_tells_its_error(read_pages: Any, make_page: MakePage) -> None:
    async def fail() -> None:
        raise UnavailableError("the supervisor does not answer", remedy="restart the server")

    async with read_pages([make_page(drawn(lambda: action("Do it", fail)))]) as user:
        await user.open("/")
        user.find("Do it").click()
        await user.should_see("The supervisor does not answer. Restart the server.")


async def test_confirm_names_what_goes_and_what_stays(read_pages: Any, make_page: MakePage) -> None:
    answers: list[bool] = []

    async def ask() -> None:
        answers.append(
            await confirm("Stop shop?", goes="six sidecars", stays="the results", verb="Stop it")
        )

    async with read_pages([make_page(drawn(lambda: action("Stop", ask)))]) as user:
        await user.open("/")
        for verb in ("Keep", "Stop it"):
            user.find("Stop").click()
            await user.should_see("Goes: six sidecars")
            await user.should_see("Stays: the results")
            user.find(verb).click()
            await asyncio.sleep(0.05)
        assert answers == [False, True]


async def test_a_question_outlives_the_button_that_asked(
    read_pages: Any, make_page: MakePage
) -> None:
    """A page that draws its buttons anew, since what it shows goes on, takes no question away."""
    answers: list[bool] = []
    places: list[ui.element] = []

    async def ask() -> None:
        answers.append(await confirm("Stop?", goes="six", stays="the results", verb="Stop it"))
        toast("Stopping")

    def build() -> None:
        with ui.element() as place:
            action("Stop", ask)
        places.append(place)

    async with read_pages([make_page(drawn(build))]) as user:
        await user.open("/")
        user.find("Stop").click()
        await user.should_see("Goes: six")
        places[0].clear()
        await user.should_see("Goes: six")
        user.find("Stop it").click()
        await user.should_see("Stopping")
        assert answers == [True]


async def test_words_of_the_answer(read_pages: Any, make_page: MakePage) -> None:
    text = "The mesh adds 312 us at the median (300 to 325), 0.91 ms at p99; 3 s later it held."

    def build() -> None:
        sentence(spoken(text))
        validity_panel("degraded", ["something else used 14 % of the CPU"])
        empty_state("Nothing", "Begin here.", command="mesheryctl demo")
        code_block("a: </script> ${x}")
        tag("p", "the end")

    assert [part for part in spoken(text) if not isinstance(part, str)] == [
        ("strong", "312 µs"),
        ("quiet", "(300 to 325)"),
        ("strong", "0.91 ms"),
        ("strong", "3 s"),
    ]
    async with read_pages([make_page(drawn(build))]) as user:
        await user.open("/")
        await user.should_see("312 µs")
        await user.should_see("something else used 14 % of the CPU")
        await user.should_see("mesheryctl demo")
        await user.should_see("the end")
