"""Settings as one may show them: the password of a database's address is masked."""

from urllib.parse import urlsplit, urlunsplit

import msgspec

from meshery.core.settings import LoadedSettings, SettingRow


def public_rows(loaded: LoadedSettings) -> list[SettingRow]:
    """Every setting with value, origin and meaning, without secrets."""
    return [msgspec.structs.replace(row, value=_masked(row.value)) for row in loaded.rows()]


def _masked(value: object) -> object:
    if not isinstance(value, str) or "@" not in value or "://" not in value:
        return value
    parts = urlsplit(value)
    if not parts.password:
        return value
    place = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{parts.username or ''}:***@{place}"))
