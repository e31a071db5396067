"""The server's own pages: the dashboard, and the settings with where each value comes from."""

from meshery.server.dashboard import dashboard_page
from meshery.server.settings_view import settings_page
from meshery.ui.page import Page

PAGES = (
    Page("/", "Dashboard", "space_dashboard", 0, 0, dashboard_page),
    Page("/settings", "Settings", "settings", 1, 9, settings_page),
)
