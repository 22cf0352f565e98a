"""The verb bundle, on every kind of store, and the other verbs on what it wrote."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.running import EVENTS, INFO, Run, Shop, own_shop

BUNDLE = ["file", "streams", "events", "snapshots", "notes", "branches", "watches", "pseudonyms", "size"]


def test_a_stream_of_any_store_comes_along(run: Run, shop: Shop, tmp_path: Path) -> None:
    file = str(tmp_path / "case.esxbundle")
    words = ("--category", shop.category, "--id", shop.id)
    (made,) = run("bundle", shop.url, "--layout", shop.layout, *words, "--output", file).rows(BUNDLE)
    assert (made["streams"], made["events"], made["pseudonyms"]) == (1, shop.versions, [])
    before = run("events", shop.url, "--layout", shop.layout, *words).rows(EVENTS)
    after = run("events", file, *words).rows(EVENTS)
    facts = ("category", "id", "version", "type", "data", "metadata", "event_id", "recorded_at", "problem")
    assert [[row[fact] for fact in facts] for row in after] == [[row[fact] for fact in facts] for row in before]
    (info,) = run("info", file).rows(INFO)
    assert (info["layout"], info["writable"], info["title"]) == ("own", False, "case.esxbundle")
    assert "only for reading" in run("info", file, json=False).out
    assert all(json.loads(line)["ok"] for line in run("check", file).out.splitlines())


@pytest.fixture
def url(tmp_path: Path) -> str:
    own_shop(str(tmp_path / "own.sqlite"))
    return str(tmp_path / "own.sqlite")


def test_which_streams(run: Run, url: str, tmp_path: Path) -> None:
    file = str(tmp_path / "case")
    for words, streams in (
        ([], 2),
        (["--category", "Order"], 2),
        (["--category", "Order", "--id", "o1", "--also", "Order/o1"], 1),
        (["--also", "Order/o2"], 1),
    ):
        (made,) = run("bundle", url, *words, "--output", file).rows(BUNDLE)
        assert made["streams"] == streams


def test_pseudonyms(run: Run, url: str, tmp_path: Path) -> None:
    file = str(tmp_path / "case")
    words = ("--output", file, "--pseudonyms", "strings,numbers", "--keep", "revision")
    done = run("bundle", url, *words)
    assert done.rows(BUNDLE)[0]["pseudonyms"] == ["strings", "numbers"]
    created, approved, _ = run("events", file, "--category", "Order", "--id", "o1").rows(EVENTS)
    assert (created["data"]["revision"], approved["data"]["revision"]) == (1, 1)
    assert created["data"]["customerId"] == approved["data"]["customerId"] != "c1"
    assert created["data"]["lines"][0]["quantity"] != 0
    assert run("what-if", file, "--category", "Order", "--id", "o1", "--skip", "2").code == 0


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--id", "o1"], "goes with --category"),
        (["--also", "o1"], "CATEGORY/ID"),
        (["--category", "Order", "--id", "none"], "no stream Order/none"),
        (["--pseudonyms", "names"], "there are none for names"),
        (["--keep", "revision"], "goes with --pseudonyms"),
        (["--category", "Nothing"], "No stream"),
    ],
)
def test_what_cannot_be_done(run: Run, url: str, tmp_path: Path, words: list[str], why: str) -> None:
    done = run("bundle", url, *words, "--output", str(tmp_path / "case"))
    assert done.code == 2
    assert why in done.err
    assert not (tmp_path / "case").exists()


def test_a_store_is_not_written_over_and_a_bundle_not_written_to(run: Run, url: str, tmp_path: Path) -> None:
    before = Path(url).read_bytes()
    assert "is no bundle" in run("bundle", url, "--output", url).err
    assert Path(url).read_bytes() == before
    file = tmp_path / "case"
    assert run("bundle", url, "--output", str(file)).code == 0
    content = file.read_bytes()
    for words in (
        ("append", str(file), "--category", "Order", "--id", "o1", "--type", "T", "--data", "{}"),
        ("services", "run", str(file), "--seconds", "5"),
        ("snapshots", "plan", str(file), "--every", "1", "--take"),
        ("snapshots", "take", str(file), "--category", "Order", "--id", "o1"),
    ):
        done = run(*words)
        assert done.code == 1
        assert "only for reading" in done.err
    file.write_bytes(content[:-10])
    done = run("info", str(file))
    assert done.code == 3
    assert "not as it was made" in done.err


NOTES = ["category", "id", "version", "type", "text", "bookmark", "at"]


def test_notes_are_listed_and_written(run: Run, url: str, tmp_path: Path) -> None:
    stream = ("--category", "Order", "--id", "o1")
    before = Path(url).read_bytes()
    assert "Nothing is noted" in run("notes", url, json=False).out
    (note,) = run("notes", url, *stream, "--version", "2", "--text", "here").rows(NOTES)
    assert (note["version"], note["type"], note["text"], note["bookmark"]) == (2, "OrderApproved", "here", False)
    run("notes", url, *stream, "--version", "2", "--bookmark")
    run("notes", url, "--category", "Order", "--id", "o2", "--version", "1", "--bookmark")
    rows = run("notes", url).rows(NOTES)
    assert [(row["id"], row["text"], row["bookmark"]) for row in rows] == [("o1", "here", True), ("o2", "", True)]
    assert "here" in run("notes", url, *stream, json=False).out
    assert run("notes", url, "--category", "Customer").rows(NOTES) == []
    file = str(tmp_path / "case")
    assert run("bundle", url, *stream, "--output", file).rows(BUNDLE)[0]["notes"] == 1
    assert [row["text"] for row in run("notes", file).rows(NOTES)] == ["here"]
    assert [row["id"] for row in run("notes", url, *stream, "--version", "2", "--remove").rows(NOTES)] == []
    assert Path(url).read_bytes() == before
    for wrong in (["--id", "o1"], [*stream, "--text", "x"], [*stream, "--version", "9", "--text", "x"]):
        assert run("notes", url, *wrong).code == 2
