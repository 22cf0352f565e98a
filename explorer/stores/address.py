"""What a store's address means: paths, sqlite: and postgresql: URLs, taken apart so that no secret gets into titles."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote

from explorer.errors import CannotOpen

POSTGRES = ("postgresql", "postgres", "postgresql+psycopg", "postgres+psycopg")
FORMS = "Use a path, sqlite:PATH or postgresql://USER@HOST:PORT/DATABASE."
PARAMETERS = frozenset(
    {
        *("host", "hostaddr", "port", "dbname", "user", "passfile", "service", "target_session_attrs"),
        *("sslmode", "sslcert", "sslkey", "sslrootcert", "sslcrl", "sslnegotiation", "channel_binding", "require_auth"),
        *("connect_timeout", "options", "application_name", "gssencmode", "krbsrvname", "load_balance_hosts"),
    }
)
"""Connection parameters of libpq that may stand behind the `?`."""

OURS = frozenset({"password", "pgbouncer"})
_KEYWORDS = re.compile(rf"(?:{'|'.join(sorted(PARAMETERS | OURS))})\s*=", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SqliteAddress:
    path: str  # absolute, links followed: SQLite puts the side files beside the file itself
    title: str  # the name as it was given
    fragment: str = ""  # which store in it

    @property
    def identity(self) -> str:
        return f"sqlite:{self.path}"


@dataclass(frozen=True, slots=True)
class PostgresAddress:
    parameters: Mapping[str, str]  # of libpq, without the password
    password: str | None = field(repr=False)
    pooled: bool = False  # behind a pooler that mixes sessions: no prepared statements
    fragment: str = ""

    @property
    def database(self) -> str:
        return self.parameters.get("dbname") or self.parameters.get("user") or os.environ.get("PGDATABASE", "")

    @property
    def host(self) -> str:
        return self.parameters.get("host") or os.environ.get("PGHOST", "") or "localhost"

    @property
    def title(self) -> str:
        host = "localhost" if self.host.startswith("/") else self.host
        return f"{self.database or 'PostgreSQL'} on {host}"

    @property
    def identity(self) -> str:
        port = self.parameters.get("port") or os.environ.get("PGPORT", "5432")
        return f"postgresql://{self.host}:{port}/{self.database}"


def address(url: str, password: str | None = None) -> SqliteAddress | PostgresAddress:
    """Take an address apart. A password given beside the URL wins over one in it. Raises CannotOpen."""
    scheme, colon, rest = url.strip().partition(":")
    if colon and scheme.lower() in POSTGRES:
        return _postgres(rest, password)
    if colon and scheme.lower() in ("sqlite", "sqlite3", "sqlite+pysqlite", "file"):
        return _sqlite(_path_of(rest))
    if "://" in url:
        raise CannotOpen(f"Addresses beginning with {scheme[:20]}:// are not known here.", FORMS)
    if not url.strip():
        raise CannotOpen("No store was named.", FORMS)
    if _KEYWORDS.match(url.strip()) and not _exists(url):
        # Not named: there may be a password in it.
        raise CannotOpen("Connection parameters as NAME=VALUE are not known here.", FORMS)
    return _sqlite(url)


def _path_of(rest: str) -> str:
    """What follows `sqlite:` → a path: three slashes are a relative path to SQLAlchemy, four an absolute one."""
    if rest.startswith("///"):
        rest = rest[3:] if not _exists("/" + rest[3:]) or _exists(rest[3:]) else "/" + rest[3:]
    elif rest.startswith("//"):
        rest = rest[2:]
    path, question, _ = rest.partition("?")
    if question and not _exists(rest):
        rest = path
    if "%" in rest and not _exists(rest) and _exists(unquote(rest)):
        rest = unquote(rest)
    if not rest or rest == ":memory:":
        raise CannotOpen("A store in memory cannot be opened from outside.", FORMS)
    return rest


def _exists(path: str) -> bool:
    return "\0" not in path and os.path.lexists(os.path.expanduser(path))


def _sqlite(path: str) -> SqliteAddress:
    if "\0" in path:
        raise CannotOpen("A path cannot contain NUL.")
    fragment = ""
    if "#" in path and not _exists(path):
        before, _, after = path.rpartition("#")
        if _exists(before):
            path, fragment = before, after
    path = os.path.abspath(os.path.expanduser(path))
    return SqliteAddress(os.path.realpath(path), os.path.basename(path) or path, fragment)


def _postgres(rest: str, password: str | None) -> PostgresAddress:
    """`//user:password@host:port/database?parameter=value#store`; a password may contain @, : and / as they are."""
    if "\0" in rest:
        raise CannotOpen("An address cannot contain NUL.")
    rest = rest.removeprefix("//")
    # The last @ before the parameters ends the password: hosts and databases hardly ever have one, passwords do.
    start = _start_of_parameters(rest)
    cut = rest.rfind("@", 0, start)
    login, rest = (rest[:cut], rest[cut + 1 :]) if cut >= 0 else ("", rest)
    rest, _, fragment = rest.partition("#")
    rest, _, query = rest.partition("?")
    hosts, _, database = rest.partition("/")
    user, _, secret = login.partition(":")
    parameters = {"user": unquote(user), "dbname": unquote(database)}
    parameters |= _hosts(hosts)
    pooled = False
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name == "pgbouncer":
            pooled = value.lower() not in ("", "0", "false", "no")
        elif name == "password":
            secret = value
        elif name in PARAMETERS:
            parameters[name] = value
        else:
            raise CannotOpen(f"{name[:40]!r} is not a connection parameter.", FORMS)
    secret = password if password is not None else unquote(secret)
    return PostgresAddress({n: v for n, v in parameters.items() if v}, secret or None, pooled, unquote(fragment))


def _start_of_parameters(rest: str) -> int:
    """Where the `?` is behind which there are parameters only; the end if there is none."""
    start = rest.find("?")
    while start >= 0:
        parts = rest[start + 1 :].partition("#")[0].split("&")
        if all(part.partition("=")[0] in PARAMETERS | OURS for part in parts if part):
            return start
        start = rest.find("?", start + 1)
    return len(rest)


def _hosts(text: str) -> dict[str, str]:
    names, ports = [], []
    for part in text.split(",") if text else []:
        if part.startswith("["):
            name, _, port = part[1:].partition("]")
            port = port.removeprefix(":")
        else:
            name, _, port = part.partition(":")
        if port and not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
            raise CannotOpen("The port in this address is not a number.", FORMS)
        names.append(unquote(name))
        ports.append(port)
    result = {"host": ",".join(names)} if any(names) else {}
    return result | ({"port": ",".join(ports)} if any(ports) else {})
