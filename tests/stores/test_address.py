"""What the address of a store means, and that no secret gets out of it."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.errors import CannotOpen
from explorer.stores import StoreSpec
from explorer.stores.address import PostgresAddress, SqliteAddress, address


def sqlite(url: str) -> SqliteAddress:
    found = address(url)
    assert isinstance(found, SqliteAddress)
    return found


def postgres(url: str, password: str | None = None) -> PostgresAddress:
    found = address(url, password)
    assert isinstance(found, PostgresAddress)
    return found


@pytest.mark.parametrize(
    "form", ["{path}", "sqlite:{path}", "sqlite://{path}", "sqlite:///{path}", "sqlite+pysqlite:{path}"]
)
def test_forms_of_a_path(tmp_path: Path, form: str) -> None:
    path = tmp_path / "a #1? 100%.sqlite"
    path.touch()
    found = sqlite(form.format(path=path))
    assert (found.path, found.title, found.fragment) == (str(path), "a #1? 100%.sqlite", "")
    assert found.identity == f"sqlite:{path}"


def test_a_relative_path_with_three_slashes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("shop.sqlite").touch()
    assert sqlite("sqlite:///shop.sqlite").path == str(tmp_path / "shop.sqlite")
    assert sqlite(f"sqlite:///{tmp_path / 'shop.sqlite'}").path == str(tmp_path / "shop.sqlite")
    assert sqlite(f"sqlite:{str(tmp_path / 'shop.sqlite').replace('shop', '%73hop')}").path.endswith("/shop.sqlite")


def test_home_and_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "real.sqlite").touch()
    (tmp_path / "link.sqlite").symlink_to("real.sqlite")
    monkeypatch.setenv("HOME", str(tmp_path))
    found = sqlite("~/link.sqlite#second")
    # SQLite looks for -wal beside the file itself, the user knows the name he gave.
    assert (Path(found.path).name, found.title, found.fragment) == ("real.sqlite", "link.sqlite", "second")


@pytest.mark.parametrize(
    ("url", "parameters", "password"),
    [
        ("postgresql://me@db.example/shop", {"user": "me", "host": "db.example", "dbname": "shop"}, None),
        ("postgres://db:5433/shop", {"host": "db", "port": "5433", "dbname": "shop"}, None),
        ("postgresql+psycopg://me:p%40ss@db/shop", {"user": "me", "host": "db", "dbname": "shop"}, "p@ss"),
        ("postgresql://me:p@ss:w/rd@db/shop", {"user": "me", "host": "db", "dbname": "shop"}, "p@ss:w/rd"),
        (
            "postgresql://me:a?b=c@db/shop?sslmode=require",
            {"user": "me", "host": "db", "dbname": "shop", "sslmode": "require"},
            "a?b=c",
        ),
        ("postgresql://[::1]:5433/shop", {"host": "::1", "port": "5433", "dbname": "shop"}, None),
        ("postgresql://a:1,b:2/shop", {"host": "a,b", "port": "1,2", "dbname": "shop"}, None),
        ("postgresql:///shop?host=/run/pg&user=me", {"host": "/run/pg", "user": "me", "dbname": "shop"}, None),
        ("postgresql:///shop?user=me@corp", {"user": "me@corp", "dbname": "shop"}, None),
        ("postgresql://me:a#b@db/shop#eu", {"user": "me", "host": "db", "dbname": "shop"}, "a#b"),
        ("postgresql://db/shop?password=x", {"host": "db", "dbname": "shop"}, "x"),
        ("postgresql://me@db/my%20shop#eu", {"user": "me", "host": "db", "dbname": "my shop"}, None),
        ("postgresql:", {}, None),
    ],
)
def test_parts_of_a_url(url: str, parameters: dict[str, str], password: str | None) -> None:
    found = postgres(url)
    assert (dict(found.parameters), found.password) == (parameters, password)
    assert found.fragment == ("eu" if url.endswith("#eu") else "")


def test_a_password_beside_the_url_wins() -> None:
    assert postgres("postgresql://me:old@db/shop", "new").password == "new"
    assert postgres("postgresql://db/shop?pgbouncer=true").pooled


@given(
    user=st.text("abc.", min_size=1),
    password=st.text(min_size=1).filter(lambda text: "\0" not in text),
    database=st.text("abc-_", min_size=1),
)
def test_no_secret_gets_out(user: str, password: str, database: str) -> None:
    secret = "S3CRET" + password
    url = f"postgresql://{user}:{quote(secret, safe='')}@db.example:5433/{database}"
    found = postgres(url)
    assert (found.password, found.parameters["user"], found.database) == (secret, user, database)
    shown = f"{found!r} {found} {found.title} {found.identity} {StoreSpec(url, password=secret)!r}"
    assert "S3CRET" not in shown
    assert found.title == f"{database} on db.example"


@given(st.text())
def test_whatever_is_typed_is_an_address_or_an_error(url: str) -> None:
    for typed in (url, f"postgresql://{url}", f"sqlite:{url}"):
        try:
            assert address(typed).title
        except CannotOpen:
            continue


@pytest.mark.parametrize(
    "url",
    [
        "",
        "   ",
        "mysql://db/shop",
        "sqlite::memory:",
        "sqlite:",
        "postgresql://db:port/x",
        "postgresql://db/x?nonsense=1",
    ],
)
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(CannotOpen) as raised:
        address(url)
    assert raised.value.hint


@pytest.mark.parametrize("url", ["host=db password=S3CRET", "PASSWORD = S3CRET dbname=x", "user=u password=S3CRET"])
def test_parameters_of_libpq_are_not_taken_for_a_path_that_is_then_named(url: str) -> None:
    with pytest.raises(CannotOpen) as raised:
        address(url)
    assert "S3CRET" not in f"{raised.value} {raised.value.hint}"
