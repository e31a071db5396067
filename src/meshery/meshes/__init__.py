"""A folder for each mesh: render tables, install, native kinds; only the adapter host loads it."""
