"""One management plane for every service mesh."""

__version__ = "0.1.0"
