from pathlib import Path

import pytest

from meshery.core.errors import UnavailableError
from meshery.core.keys import Keys, SecretError
from meshery.core.settings import Settings


def settings_in(home: Path) -> Settings:
    return Settings(home=str(home))


def test_a_secret_comes_back_and_its_seal_hides_it(tmp_path: Path) -> None:
    keys = Keys.load(settings_in(tmp_path))
    sealed = keys.encrypt(b"kubeconfig", context="contexts.body")
    assert b"kubeconfig" not in sealed
    assert keys.decrypt(sealed, context="contexts.body") == b"kubeconfig"


def test_the_key_file_is_private_and_kept(tmp_path: Path) -> None:
    first = Keys.load(settings_in(tmp_path))
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    assert Keys.load(settings_in(tmp_path)).current_id == first.current_id


def test_a_seal_moved_to_another_column_is_refused(tmp_path: Path) -> None:
    keys = Keys.load(settings_in(tmp_path))
    with pytest.raises(SecretError):
        keys.decrypt(keys.encrypt(b"x", context="a"), context="b")


@pytest.mark.parametrize("position", [0, 3, 12, 25])
def test_a_changed_byte_is_noticed(tmp_path: Path, position: int) -> None:
    keys = Keys.load(settings_in(tmp_path))
    sealed = bytearray(keys.encrypt(b"secret"))
    sealed[position] ^= 1
    with pytest.raises(SecretError):
        keys.decrypt(bytes(sealed))


def test_rotation_keeps_old_seals_readable(tmp_path: Path) -> None:
    keys = Keys.load(settings_in(tmp_path))
    old = keys.encrypt(b"old")
    fresh = keys.rotate()
    assert fresh.decrypt(old) == b"old"
    assert not fresh.is_current(old)
    assert fresh.is_current(fresh.encrypt(b"new"))
    assert Keys.load(settings_in(tmp_path)).decrypt(old) == b"old"


def test_a_key_file_open_to_others_is_refused(tmp_path: Path) -> None:
    Keys.load(settings_in(tmp_path))
    (tmp_path / "key").chmod(0o644)
    with pytest.raises(UnavailableError, match="read by others") as caught:
        Keys.load(settings_in(tmp_path))
    assert "chmod 600" in caught.value.remedy


def test_a_missing_shared_key_is_not_invented(tmp_path: Path) -> None:
    settings = Settings(home=str(tmp_path), key_file=str(tmp_path / "shared"))
    with pytest.raises(UnavailableError):
        Keys.load(settings)


def test_the_repr_shows_no_key(tmp_path: Path) -> None:
    keys = Keys.load(settings_in(tmp_path))
    secret = (tmp_path / "key").read_text().partition(":")[2].strip()
    assert secret not in repr(keys)
