"""Bundles: what was put in comes out, wherever it is opened; what is not as it was made is refused."""

from __future__ import annotations

import json
import shutil
import sqlite3
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from explorer import branches, notes, payload, watching
from explorer.branches import Branch, Edit, Skip
from explorer.bundle import Saved, at_once, save
from explorer.domains.customers_orders import DOMAIN
from explorer.domains.customers_orders.customer import CUSTOMER
from explorer.errors import CannotOpen, Invalid, ReadOnly
from explorer.model import Event, EventQuery, Json, NewEvent, Snapshot, StreamKey
from explorer.notes import Note, noted
from explorer.pseudonyms import IDS, NUMBERS, STRINGS, Pseudonyms
from explorer.snapshots import IDENTICAL, take_snapshot, verify_snapshot
from explorer.stores import Store, StoreSpec, bundled, bundling, open_store
from explorer.stores.bundling import Origin, written

CUSTOMER_KEY, ORDER_KEY = StreamKey("Customer", "c-1"), StreamKey("Order", "o-1")
KEYS = [CUSTOMER_KEY, ORDER_KEY]


@pytest.fixture
def store(own_url: str) -> Iterator[Store]:
    """A customer and an order whose events alternate, a snapshot, notes and a branch."""
    store = open_store(StoreSpec(own_url, writable=True, create=True))
    customer = [NewEvent("CustomerCreated", {"name": "Ada Secret", "creditLimit": {"amount": 100}}, "e 1")]
    placed: Json = {"customerId": "c-1", "lines": [], "orderTotal": {"amount": 7}, "revision": 1}
    order = [NewEvent("OrderCreated", placed, "e 2")]
    reserved: Json = {"orderId": "o-1", "orderTotal": {"amount": 7}, "revision": 1}
    store.append(CUSTOMER_KEY, 0, customer)
    store.append(ORDER_KEY, 0, order)
    store.append(CUSTOMER_KEY, 1, [NewEvent("CustomerCreditReserved", reserved, "e 3", {"user": "grace"})])
    store.append(StreamKey("Order", "o-2"), 0, [replace(order[0], event_id="e 4")])
    take_snapshot(store, DOMAIN, CUSTOMER, CUSTOMER_KEY)
    identity = store.info.identity
    noted(identity, Note("Order", "o-1", 1, "OrderCreated", "here it begins", True, "2026-01-02T03:04:05Z"))
    noted(identity, Note("Order", "o-2", 1, "OrderCreated", "of another stream"))
    branches.keep(
        identity, [Branch("without", "Customer", "c-1", (Skip(1), Edit(0, "CustomerCreated", '{"name": "Bob"}')))]
    )
    watching.keep(
        identity,
        [
            watching.Watch("Customer", "state.name != 'Ada Secret' and state.status != 'PENDING'", "Ada's name", True),
            watching.Watch("Customer", "/reservations/o-1/orderTotal"),
            watching.Watch("Invoice", "/total"),
        ],
    )
    yield store
    store.close()


def saved(store: Store, path: Path, keys: list[StreamKey] = KEYS, pseudonyms: Pseudonyms | None = None) -> Saved:
    return at_once(save(store, keys, path, pseudonyms))


def events_of(store: Store) -> list[Event]:
    return list(store.events(EventQuery()).rows)


def test_what_was_put_in_comes_out_wherever_it_is_opened(store: Store, tmp_path: Path) -> None:
    made = saved(store, tmp_path / "case.esxbundle")
    assert (made.manifest.streams, made.manifest.events, made.manifest.snapshots) == (2, 3, 1)
    assert (made.notes, made.branches, made.watches) == (1, 1, 2)
    elsewhere = tmp_path / "elsewhere" / "renamed.zip"
    elsewhere.parent.mkdir()
    shutil.copy(tmp_path / "case.esxbundle", elsewhere)
    opened = open_store(StoreSpec(str(elsewhere), writable=True))
    try:
        assert events_of(opened) == [one for one in events_of(store) if one.id != "o-2"]
        assert opened.snapshots() == store.snapshots()
        whole = opened.snapshot(CUSTOMER_KEY)
        assert whole is not None
        assert verify_snapshot(opened, DOMAIN, CUSTOMER, whole).verdict == IDENTICAL
        info = opened.info
        assert (info.writable, info.static, info.bundle) == (False, True, store.info.title)
        assert "A bundle of 2 streams" in info.notice
        assert [one.text for one in notes.kept(info.identity)] == ["here it begins"]
        assert branches.kept(info.identity) == branches.kept(store.info.identity)
        assert watching.kept(info.identity) == watching.kept(store.info.identity)[:2]
        with pytest.raises(ReadOnly, match="bundle"):
            opened.append(ORDER_KEY, 1, [NewEvent("OrderShipped", {}, "e 9")])
        with pytest.raises(ReadOnly, match="bundle"):
            opened.delete_snapshot(CUSTOMER_KEY, 2)
    finally:
        opened.close()
    assert list(elsewhere.parent.iterdir()) == [elsewhere]  # nothing is unpacked anywhere


def test_what_somebody_notes_of_a_bundle_is_kept_apart_and_stays(store: Store, tmp_path: Path) -> None:
    saved(store, tmp_path / "case")
    opened = open_store(StoreSpec(str(tmp_path / "case")))
    opened.close()
    noted(opened.info.identity, Note("Order", "o-1", 1, text="seen by me"))
    again = open_store(StoreSpec(str(tmp_path / "case")))
    again.close()
    assert [one.text for one in notes.kept(again.info.identity)] == ["seen by me"]
    assert "here it begins" in [one.text for one in notes.kept(store.info.identity)]


def test_a_bundle_of_a_bundle(store: Store, tmp_path: Path) -> None:
    saved(store, tmp_path / "case")
    opened = open_store(StoreSpec(str(tmp_path / "case")))
    try:
        made = saved(opened, tmp_path / "less", [ORDER_KEY])
    finally:
        opened.close()
    assert (made.manifest.events, made.notes, made.branches, made.manifest.title) == (1, 1, 0, store.info.title)


def test_which_plugins_were_there(store: Store, tmp_path: Path) -> None:
    at_once(save(store, KEYS, tmp_path / "case", plugins=[str(tmp_path / "invoices.py")]))
    opened = open_store(StoreSpec(str(tmp_path / "case")))
    opened.close()
    assert opened.info.notice.endswith("Plug-ins were there: invoices.py.")


def test_a_bundle_says_nothing_of_where_it_was_made(store: Store, own_url: str, tmp_path: Path) -> None:
    saved(store, tmp_path / "case")
    with zipfile.ZipFile(tmp_path / "case") as archive:
        everything = b"".join(archive.read(name) for name in archive.namelist())
    assert str(tmp_path).encode() not in everything
    assert own_url.encode() not in everything
    assert b"postgres@" not in everything


# -- pseudonyms --------------------------------------------------------------------------------------------------------


def test_pseudonyms_leave_nothing_to_be_seen_and_everything_to_be_folded(store: Store, tmp_path: Path) -> None:
    saved(store, tmp_path / "case", KEYS, Pseudonyms((STRINGS, IDS), KEYS))
    with zipfile.ZipFile(tmp_path / "case") as archive:
        everything = b"".join(archive.read(name) for name in archive.namelist())
    for secret in ("Ada", "grace", "c-1", "o-1", "e 1", "Bob", "here it begins", "without", store.info.title):
        assert secret.encode() not in everything
    opened = open_store(StoreSpec(str(tmp_path / "case")))
    try:
        created, ordered, reserved = (payload.decode(one.data).value for one in events_of(opened))
        assert [one.type for one in events_of(opened)] == ["CustomerCreated", "OrderCreated", "CustomerCreditReserved"]
        customer, order = {one.category: one.id for one in opened.recent_streams()}.items()
        ids = dict([customer, order])
        assert ordered["customerId"] == ids["Customer"]  # type: ignore[index, call-overload]
        assert reserved["orderId"] == ids["Order"]  # type: ignore[index, call-overload]
        assert created["creditLimit"] == {"amount": 100}  # type: ignore[index, call-overload]
        snapshot = opened.snapshot(StreamKey("Customer", ids["Customer"]))
        assert snapshot is not None
        assert verify_snapshot(opened, DOMAIN, CUSTOMER, snapshot).verdict == IDENTICAL
        (note,) = notes.kept(opened.info.identity)
        assert (note.id, note.text, note.bookmark) == (ids["Order"], "", True)
        (branch,) = branches.kept(opened.info.identity)
        assert branch.edits[0] == Skip(1)
        name, path = watching.kept(opened.info.identity)
        assert name.source == f"state.name != '{created['name']}' and state.status != 'PENDING'"  # type: ignore[index, call-overload]
        assert (name.name, name.invariant, path.source) == ("", True, f"/reservations/{ids['Order']}/orderTotal")
    finally:
        opened.close()


def test_where_numbers_are_replaced_there_are_no_snapshots(store: Store, tmp_path: Path) -> None:
    made = saved(store, tmp_path / "case", KEYS, Pseudonyms((NUMBERS,), KEYS))
    assert (made.manifest.snapshots, made.manifest.pseudonyms) == (0, ("numbers",))


# -- any history -------------------------------------------------------------------------------------------------------

names = st.text(min_size=1, max_size=4) | st.just("\udcff")
places = st.none() | st.integers(0, 5) | st.text(max_size=3) | st.tuples(st.integers(0, 3), st.integers(0, 3))
moments = st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)).map(
    lambda moment: moment.replace(fold=0)
)
odd_events = st.builds(
    Event,
    category=st.just("C"),
    id=st.sampled_from(["a", "b"]),
    version=st.integers(1, 4),
    position=places,
    type=names.filter(lambda name: "\0" not in name and not any("\ud800" <= c < "\udc80" for c in name)),
    data=st.binary(max_size=8),
    metadata=st.binary(max_size=8),
    event_id=st.none() | st.sampled_from(["x", "y"]),
    recorded_at=st.none() | moments,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(odd_events, min_size=1, max_size=8))
def test_whatever_other_stores_hold(tmp_path: Path, events: list[Event]) -> None:
    """Versions that repeat, payloads that are no JSON, positions of any kind or none, names that are no UTF-8."""
    at_once(written(tmp_path / "odd", Origin("t", "described"), events, [], []))
    opened = open_store(StoreSpec(str(tmp_path / "odd")))
    try:
        found = events_of(opened)
    finally:
        opened.close()

    def facts(event: Event) -> tuple[Any, ...]:
        return event.id, event.version, event.type, event.data, event.metadata, event.event_id, event.recorded_at

    assert sorted(map(repr, map(facts, found))) == sorted(map(repr, map(facts, events)))
    positions = [one.position for one in events]
    if all(type(one) is int for one in positions) and len(set(positions)) == len(positions):
        assert {(one.position, one.data) for one in found} == {(one.position, one.data) for one in events}
    elif all(type(one) is int for one in positions):
        assert [one.data for one in found] == [one.data for one in sorted(events, key=lambda one: one.position)]  # type: ignore[arg-type, return-value]


# -- what is not as it was made ----------------------------------------------------------------------------------------


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    """A bundle on its own, with a note."""
    event = Event("Order", "o-1", 1, 1, "OrderCreated", b"{}", event_id="e 1")
    note = b'[{"category": "Order", "id": "o-1", "version": 1, "text": "n"}]'
    path = tmp_path / "case.esxbundle"
    at_once(
        written(path, Origin("shop.sqlite", "own"), [event], [Snapshot("Order", "o-1", 1, b"{}")], [(notes.FILE, note)])
    )
    return path


def refused(path: Path) -> str:
    with pytest.raises(CannotOpen) as error:
        open_store(StoreSpec(str(path)))
    assert error.value.hint
    return str(error.value)


def test_cut_off_anywhere(whole: Path) -> None:
    content = whole.read_bytes()
    for length in [0, 1, 3, *range(4, len(content), 97), len(content) - 1]:
        whole.write_bytes(content[:length])
        sentence = refused(whole)
        assert "not as it was made" in sentence or length < 4


def test_a_byte_changed_anywhere(whole: Path) -> None:
    content = whole.read_bytes()
    taken = 0
    for place in range(4, len(content), 41):
        whole.write_bytes(content[:place] + bytes([content[place] ^ 0x55]) + content[place + 1 :])
        try:
            open_store(StoreSpec(str(whole))).close()
        except CannotOpen:
            continue
        taken += 1  # a field of the archive that nobody reads, such as a time
        with zipfile.ZipFile(whole) as archive:
            assert archive.testzip() is None
    assert taken < 8


def rewritten(path: Path, change: dict[str, bytes | None], seal: bytes | None = None) -> None:
    """The archive with members changed (None: without), as somebody would do it by hand."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()} | change
        comment = archive.comment
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            if content is not None:
                archive.writestr(name, content)
        archive.comment = comment if seal is None else seal


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"notes.json": b"[]"}, "notes.json in it was changed"),
        ({"store.sqlite": b"SQLite format 3\0"}, "store.sqlite in it was changed"),
        ({"notes.json": None}, "does not hold what its manifest says"),
        ({"more.json": b"{}"}, "does not hold what its manifest says"),
        ({"../escape": b"{}"}, "does not hold what its manifest says"),
        ({"manifest.json": b"{"}, "manifest cannot be read"),
        ({"manifest.json": None}, "no bundle"),
        ({"manifest.json": b'{"what": "something else", "format": 1}'}, "no bundle"),
    ],
)  # fmt: skip
def test_tampered_with(whole: Path, change: dict[str, bytes | None], why: str) -> None:
    rewritten(whole, change)
    assert why in refused(whole)


def test_a_manifest_that_was_changed(whole: Path) -> None:
    with zipfile.ZipFile(whole) as archive:
        manifest = json.loads(archive.read("manifest.json"))
    changed = json.dumps(manifest | {"title": "prod"}).encode()
    rewritten(whole, {"manifest.json": changed})
    assert "its manifest was changed" in refused(whole)
    strange = manifest | {"members": manifest["members"] | {"x.json": {"size": 2, "sha256": sha256(b"{}").hexdigest()}}}
    raw = json.dumps(strange).encode()
    rewritten(whole, {"manifest.json": raw, "x.json": b"{}"}, sha256(raw).hexdigest().encode())
    assert "nobody knows" in refused(whole)


def test_from_a_newer_program(whole: Path) -> None:
    newer = b'{"what": "event-store-explorer bundle", "format": 2, "anything": {"else": []}}'
    rewritten(whole, {"manifest.json": newer})
    sentence = refused(whole)
    assert "newer version" in sentence
    assert "format 2" in sentence


def test_an_archive_of_very_many_members_is_not_even_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "many.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(2000):
            archive.writestr(f"{number}.json", b"")
    monkeypatch.delattr(zipfile, "ZipFile")
    assert "no bundle of this program" in refused(path)


def test_what_unpacks_to_more_than_a_bundle_has(whole: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundled, "LARGEST", 1024**2)
    bomb = b"\0" * (1024**2 + 1)
    rewritten(whole, {"store.sqlite": bomb})
    assert "larger than 1 MB" in refused(whole)
    assert whole.stat().st_size < 10_000


def test_a_database_that_computes(whole: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(whole) as archive:
        (tmp_path / "store.sqlite").write_bytes(archive.read("store.sqlite"))
        manifest = json.loads(archive.read("manifest.json"))
    with sqlite3.connect(tmp_path / "store.sqlite") as other:
        other.execute("ALTER TABLE events RENAME TO kept")
        other.execute("CREATE VIEW events AS SELECT * FROM kept")
    other.close()
    image = (tmp_path / "store.sqlite").read_bytes()
    manifest["members"]["store.sqlite"] = {"size": len(image), "sha256": sha256(image).hexdigest()}
    raw = json.dumps(manifest).encode()
    rewritten(whole, {"manifest.json": raw, "store.sqlite": image}, sha256(raw).hexdigest().encode())
    assert "holds more than events" in refused(whole)


def test_a_database_that_is_none_of_ours(whole: Path, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "other.sqlite") as other:
        other.execute("CREATE TABLE notes (words)")
    other.close()
    image = (tmp_path / "other.sqlite").read_bytes()
    with zipfile.ZipFile(whole) as archive:
        manifest = json.loads(archive.read("manifest.json"))
    manifest["members"]["store.sqlite"] = {"size": len(image), "sha256": sha256(image).hexdigest()}
    raw = json.dumps(manifest).encode()
    rewritten(whole, {"manifest.json": raw, "store.sqlite": image}, sha256(raw).hexdigest().encode())
    assert "no event store" in refused(whole)
    rubbish = b"SQLite format 3\0" + b"\x99" * 4096
    manifest["members"]["store.sqlite"] = {"size": len(rubbish), "sha256": sha256(rubbish).hexdigest()}
    raw = json.dumps(manifest).encode()
    rewritten(whole, {"manifest.json": raw, "store.sqlite": rubbish}, sha256(raw).hexdigest().encode())
    assert refused(whole)


# -- what cannot be written --------------------------------------------------------------------------------------------


def test_other_files_are_left_as_they_are(store: Store, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(Invalid, match="no bundle"):
        saved(store, tmp_path / "mine.txt")
    assert (tmp_path / "mine.txt").read_text() == "mine"
    saved(store, tmp_path / "case", [ORDER_KEY])
    assert saved(store, tmp_path / "case").manifest.streams == 2  # one's own bundle is replaced


def test_what_cannot_be_put_in(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for keys, why in ([], "No stream"), ([StreamKey("Order", "none")], "There is no stream Order/none"):
        with pytest.raises(Invalid, match=why):
            saved(store, tmp_path / "case", keys)
    with pytest.raises(Invalid, match="No bundle can be written"):
        saved(store, tmp_path / "nowhere" / "case")
    monkeypatch.setattr(bundling, "LARGEST", 4096)
    with pytest.raises(Invalid, match="larger than"):
        saved(store, tmp_path / "case")
    assert not [one for one in tmp_path.iterdir() if "case" in one.name]


def test_a_bundle_that_was_given_up_leaves_nothing(store: Store, tmp_path: Path) -> None:
    def history() -> Iterator[Event]:
        for number in range(1, 2000):
            yield Event("Order", "o", number, number, "t", b"{}")

    work = written(tmp_path / "case", Origin("t", "own"), history(), [], [])
    next(work)
    work.close()
    assert not [one for one in tmp_path.iterdir() if "case" in one.name]
