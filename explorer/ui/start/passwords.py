"""Passwords of servers: in the system's keyring where there is one, else only in memory. Never in a file or a title."""

from __future__ import annotations

from urllib.parse import quote, urlencode

from explorer.stores.address import PostgresAddress, address

SERVICE = "event-store-explorer"


def is_server(url: str) -> bool:
    """Whether this is the address of a PostgreSQL server."""
    return url.strip().partition(":")[0].lower().startswith("postgres")


def apart(url: str) -> tuple[str, str | None]:
    """The address without its password, and the password. Raises CannotOpen for what is no address."""
    if not is_server(url):
        return url, None
    where = address(url)
    if not isinstance(where, PostgresAddress) or where.password is None:
        return url, None
    parameters = dict(where.parameters)
    user, database = parameters.pop("user", ""), parameters.pop("dbname", "")
    hosts, ports = parameters.pop("host", "").split(","), parameters.pop("port", "").split(",")
    ports += [""] * (len(hosts) - len(ports))
    place = ",".join(
        (quote(host, safe="") if ":" not in host else f"[{host}]") + (f":{port}" if port else "")
        for host, port in zip(hosts, ports, strict=False)
    )
    if where.pooled:
        parameters["pooled"] = "true"
    rebuilt = f"postgresql://{quote(user, safe='')}{'@' if user else ''}{place}/{quote(database, safe='')}"
    rebuilt += f"?{urlencode(parameters)}" if parameters else ""
    rebuilt += f"#{quote(where.fragment, safe='')}" if where.fragment else ""
    return rebuilt, where.password


def recall(url: str) -> str | None:
    """The password kept for this address. May wait for the system's keyring: not on the GUI thread."""
    if not is_server(url):
        return None
    import keyring
    from keyring.errors import KeyringError

    try:
        return keyring.get_password(SERVICE, url)
    except KeyringError:
        return None


def keep(url: str, password: str) -> bool:
    """Keep it in the keyring; False when there is none. May wait: not on the GUI thread."""
    import keyring
    from keyring.errors import KeyringError

    try:
        keyring.set_password(SERVICE, url, password)
    except KeyringError:
        return False
    return keyring.get_password(SERVICE, url) == password
