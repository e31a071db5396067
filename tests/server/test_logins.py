from pathlib import Path

from meshery.server.logins import Logins, load_token


def test_the_token_is_kept_and_private(tmp_path: Path) -> None:
    home = tmp_path / "home"
    token = load_token(home)
    assert len(token) >= 40
    assert load_token(home) == token
    assert (home / "token").stat().st_mode & 0o777 == 0o600


def test_a_token_that_others_could_read_is_closed_again(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("mine")
    (tmp_path / "token").chmod(0o644)
    assert load_token(tmp_path) == "mine"
    assert (tmp_path / "token").stat().st_mode & 0o777 == 0o600


def test_a_session_outlives_the_server_but_not_the_token() -> None:
    session = Logins("a").new_session()
    assert Logins("a").accepts_session(session)
    assert not Logins("b").accepts_session(session)


def test_a_session_ends() -> None:
    lapsed = Logins("a", session_lifetime_s=-1.0).new_session()
    assert not Logins("a").accepts_session(lapsed)


def test_the_lifetime_of_a_session_cannot_be_changed() -> None:
    expiry, _, rest = Logins("a").new_session().partition(".")
    assert not Logins("a").accepts_session(f"{int(expiry) + 1}.{rest}")


def test_a_code_lapses() -> None:
    keeper = Logins("a", code_lifetime_s=-1.0)
    assert not keeper.use_code(keeper.new_code())


def test_codes_do_not_pile_up() -> None:
    keeper = Logins("a")
    first = keeper.new_code()
    last = [keeper.new_code() for _ in range(64)][-1]
    assert not keeper.use_code(first)
    assert keeper.use_code(last)
    assert not keeper.use_code(last)
