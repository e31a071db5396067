"""Sphinx configuration: Markdown pages, no asset from elsewhere."""

project = "Meshery"
copyright = "the Meshery authors"
author = "the Meshery authors"
extensions = ["myst_parser"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "Meshery"
html_static_path: list[str] = []
nitpicky = True
