"""Stored profiles as a table: run one, delete one, or store a new one as text."""

from nicegui import ui

from meshery.core.page import PageQuery
from meshery.performance.model import RunRequest, StoredProfile
from meshery.performance.profile import parse_profile
from meshery.performance.service import PerformanceService
from meshery.ui.context import PageContext, guarded
from meshery.ui.format import ago, rate, seconds, whole
from meshery.ui.widgets.action import action
from meshery.ui.widgets.confirm_dialog import confirm
from meshery.ui.widgets.empty_state import empty_state
from meshery.ui.widgets.fields import switch, text_area
from meshery.ui.widgets.html import Tag, tag
from meshery.ui.widgets.icon_button import icon_button
from meshery.ui.widgets.panel import fold, panel
from meshery.ui.widgets.toast import toast

_SHOWN = 200
_EXAMPLE = """name: my-service
url: http://127.0.0.1:8080/
mode: open
rate_rps: 100
duration: 10s
thresholds: {p99_us: 20000, error_rate: 0.01}
"""


class ProfileList:
    """The profiles and a field to store one."""

    def __init__(self, context: PageContext, service: PerformanceService) -> None:
        self._context = context
        self._service = service

    async def draw(self) -> None:
        """Draw the list and the field."""
        self._place: Tag = tag("div", classes="stack")
        await self._redraw()
        with fold("Store a profile", "as YAML or JSON; the same text works on the command line"):
            field = text_area("Profile", _EXAMPLE)

            async def save() -> None:
                profile = parse_profile(str(field.value), source="the field")
                await self._service.save_profile(profile)
                toast(f"Profile {profile.name} is stored")
                await self._redraw()

            with tag("div", classes="cluster"):
                action("Store", save, icon="save", weight="primary")

    async def _redraw(self) -> None:
        page = await self._service.list_profiles(PageQuery(page_size=_SHOWN, order="name"))
        self._place.clear()
        with self._place:
            if not page.items:
                empty_state(
                    "No profile yet",
                    "A profile keeps a description of load: addresses, rate, length and the "
                    "thresholds a result must keep. Store one below.",
                    icon="tune",
                    command="mesheryctl perf profile apply -f profile.yaml",
                )
                return
            self._consent = switch("The owners of foreign addresses agreed to be loaded")
            with panel():
                for stored in page.items:
                    self._draw_profile(stored)

    def _draw_profile(self, stored: StoredProfile) -> None:
        profile = stored.profile
        with tag("div", classes="fact"):
            with tag("span", classes="entry-words grow"):
                tag("span", profile.name, "fact-name")
                addresses = ", ".join(endpoint.url for endpoint in profile.endpoints)
                load = f"{profile.mode} loop, {rate(profile.rate_rps)}/s"
                tag("span", f"{addresses}; {load}, {seconds(profile.duration_s)}", "secondary")
            last = f"last {ago(stored.last_run_at)}" if stored.last_run_at else "never run"
            tag("span", f"{whole(stored.results)} results, {last}", "secondary nowrap")
            action("Run", lambda: self._run(stored), icon="play_arrow")
            remove = icon_button("delete_outline", f"Delete {profile.name}")
            remove.on_click(guarded(lambda: self._remove(stored)))

    async def _run(self, stored: StoredProfile) -> None:
        operation = await self._service.run(
            RunRequest(
                profile=stored.profile,
                profile_id=stored.id,
                consent=bool(self._consent.value),
            ),
            actor=self._context.actor,
        )
        ui.navigate.to(f"/performance/runs/{operation.id}")

    async def _remove(self, stored: StoredProfile) -> None:
        if await confirm(
            f"Delete the profile “{stored.profile.name}”?",
            goes="the description of this load",
            stays=f"its {stored.results} results",
            verb="Delete",
        ):
            await self._service.delete_profile(stored.id, if_version=stored.version)
            await self._redraw()
