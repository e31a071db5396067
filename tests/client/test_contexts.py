from pathlib import Path

import pytest

from meshery.client.contexts import find_server
from meshery.core.errors import InvalidInputError
from meshery.core.settings import Settings

CONFIG = """\
contexts:
  local: {endpoint: "http://localhost:9081", token: Default}
  far: {endpoint: mesh.example:8443, token: Far}
current-context: local
tokens:
  - {name: Default, location: auth.json}
  - {name: Far, location: far.json}
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "token").write_text("home-token\n")
    return tmp_path


def _settings(home: Path) -> Settings:
    return Settings(home=str(home))


def test_without_anything_the_settings_decide(home: Path) -> None:
    found = find_server(_settings(home))
    assert (found.url, found.token) == ("http://127.0.0.1:9081", "home-token")


def test_the_homes_token_never_goes_to_another_host(home: Path) -> None:
    found = find_server(_settings(home), server="http://mesh.example:9081/")
    assert (found.url, found.token) == ("http://mesh.example:9081", "")


def test_a_token_file_goes_anywhere(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "other"
    file.write_text("theirs")
    assert find_server(_settings(home), server="mesh.example", token_file=file).token == "theirs"


def test_contexts_of_the_original_file_work(home: Path) -> None:
    (home / "config.yaml").write_text(CONFIG)
    (home / "auth.json").write_text('{"meshery-provider": "None", "token": "old"}')
    (home / "far.json").write_text('{"token": "far-token"}')
    assert find_server(_settings(home)).token == "old"
    far = find_server(_settings(home), context="far")
    assert (far.url, far.token) == ("http://mesh.example:8443", "far-token")


def test_an_unknown_context_names_the_known(home: Path) -> None:
    (home / "config.yaml").write_text(CONFIG)
    with pytest.raises(InvalidInputError) as caught:
        find_server(_settings(home), context="moon")
    assert "local, far" in caught.value.cause


@pytest.mark.parametrize("url", ["ftp://x", "http://", "://"])
def test_an_unusable_address_is_refused(home: Path, url: str) -> None:
    with pytest.raises(InvalidInputError):
        find_server(_settings(home), server=url)


def test_a_missing_token_file_is_told(home: Path) -> None:
    with pytest.raises(InvalidInputError):
        find_server(_settings(home), token_file=home / "gone")
