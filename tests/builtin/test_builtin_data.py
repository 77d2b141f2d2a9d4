"""Laws of `data_process` and `data_export`, on real files."""

from __future__ import annotations

import csv
import gzip
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gopher_cli.builtin.data_export import DataExport, export
from gopher_cli.builtin.data_process import DataProcess, process
from gopher_cli.config import Settings
from gopher_cli.model.job.signals import Discard

PEOPLE = [
    {"name": "Ann", "status": "active", "city": "Rome", "age": "31"},
    {"name": "Bob", "status": "gone", "city": "Oslo", "age": "7"},
    {"name": "Cid", "status": "active", "city": "Oslo", "age": "100"},
]


def run(ctx: Any, **payload: Any) -> Any:
    return process(msgspec.convert(payload, DataProcess), ctx)


def write(ctx: Any, **payload: Any) -> Any:
    return export(msgspec.convert(payload, DataExport), ctx)


def rows_of(path: str | Path) -> list[dict[str, str]]:
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def people(tmp_path: Path) -> Path:
    path = tmp_path / "people.csv"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(PEOPLE[0]))
        writer.writeheader()
        writer.writerows(PEOPLE)
    return path


def test_transform_keeps_the_rows_and_columns_that_were_named(ctx: Any, people: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.json"

    result = run(
        ctx,
        source=str(people),
        operation="transform",
        filters={"status": "active"},
        columns=["age", "name"],
        destination=str(target),
    )

    assert (result["read"], result["written"]) == (3, 2)
    expected = [{"age": "31", "name": "Ann"}, {"age": "100", "name": "Cid"}]
    assert expected == json.loads(target.read_text())


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ({"status": "active"}, "Ann Cid"),
        ({"age": 7}, "Bob"),
        ({"age": {"gte": 31}}, "Ann Cid"),
        ({"age": {"gt": 7, "lt": 100}}, "Ann"),
        ({"city": ["Rome", "Bonn"]}, "Ann"),
        ({"city": {"ne": "Oslo"}}, "Ann"),
        ({"name": {"contains": "o"}}, "Bob"),
        ({"name": {"lte": "Bob"}}, "Ann Bob"),
        ({"no_such": "x"}, ""),
        ({}, "Ann Bob Cid"),
    ],
)
def test_a_filter_keeps_what_meets_it(ctx: Any, people: Path, filters: Any, names: str) -> None:
    result = run(ctx, source=str(people), operation="filter", filters=filters)

    assert ctx.settings.home / "exports" / "job-1.csv" == Path(result["destination"])
    assert names.split() == [row["name"] for row in rows_of(result["destination"])]


def test_aggregate_groups_counts_and_adds_up(ctx: Any, people: Path) -> None:
    result = run(ctx, source=str(people), operation="aggregate", group_by="city", sum="age")

    assert result["groups"] == [
        {"city": "Oslo", "count": 2, "age": 107},
        {"city": "Rome", "count": 1, "age": 31},
    ]


def test_summarize_tells_the_facts_of_each_column(ctx: Any, people: Path) -> None:
    result = run(ctx, source=str(people), operation="summarize")

    assert result["rows"] == 3
    age = {"filled": 3, "empty": 0, "distinct": 3, "min": 7, "max": 100, "sum": 138, "mean": 46}
    assert age == result["columns"]["age"]
    assert result["columns"]["city"] == {"filled": 3, "empty": 0, "distinct": 2}


def test_validate_counts_rows_and_says_what_is_missing(ctx: Any, tmp_path: Path) -> None:
    path = tmp_path / "a.ndjson"
    path.write_text('{"id":1,"name":"x"}\n\n{"id":2}\n')

    result = run(ctx, source=str(path), operation="validate", columns=["id", "name"])

    assert (result["rows"], result["valid"], result["invalid"]) == (2, 1, 1)
    assert result["problems"] == [{"row": 2, "missing": ["name"]}]


def test_dedupe_keeps_the_first_of_each_kind(ctx: Any, people: Path) -> None:
    result = run(ctx, source=str(people), operation="dedupe", columns=["city"])

    assert [row["name"] for row in rows_of(result["destination"])] == ["Ann", "Bob"]


def test_sort_orders_numbers_by_value(ctx: Any, people: Path) -> None:
    result = run(ctx, source=str(people), operation="sort", columns=["age"], descending=True)

    assert [row["age"] for row in rows_of(result["destination"])] == ["100", "31", "7"]


def test_a_url_is_fetched_and_its_json_understood(ctx: Any, web: Any, tmp_path: Path) -> None:
    web.body = json.dumps({"data": PEOPLE, "total": 3}).encode()
    web.headers = {"Content-Type": "application/json"}

    result = run(
        ctx,
        source_url=web.url + "/data",
        operation="transform",
        filters={"status": "active"},
        destination=(tmp_path / "out.csv").as_uri(),
    )

    assert (result["read"], result["written"]) == (3, 2)
    assert [row["name"] for row in rows_of(tmp_path / "out.csv")] == ["Ann", "Cid"]


def test_a_destination_in_s3_is_refused_before_anything_is_fetched(ctx: Any, web: Any) -> None:
    with pytest.raises(Discard, match=r"s3.*not supported: give a path or a file:///"):
        run(ctx, source_url=web.url + "/data", destination="s3://bucket/output")
    assert web.asked == []


def test_in_production_a_download_from_the_own_network_is_refused(ctx: Any, web: Any) -> None:
    with pytest.raises(Discard, match="private network"):
        run(ctx.set(app_env="production"), source_url=web.url + "/data")


def test_packed_files_are_read_and_written(ctx: Any, tmp_path: Path) -> None:
    with gzip.open(tmp_path / "a.ndjson.gz", "wt") as file:
        file.write('{"a":1}\n{"a":2}\n')

    run(ctx, source=str(tmp_path / "a.ndjson.gz"), destination=str(tmp_path / "b.csv.gz"))

    assert gzip.decompress((tmp_path / "b.csv.gz").read_bytes()) == b"a\n1\n2\n"


@pytest.mark.parametrize(
    ("name", "content"), [("a.csv", b"a\n1\n"), ("a.ndjson", b'{"a":1}\n'), ("a.json", b'[{"a":1}]')]
)
def test_a_byte_order_mark_in_front_of_rows_is_passed_over(
    ctx: Any, tmp_path: Path, name: str, content: bytes
) -> None:
    (tmp_path / name).write_bytes(b"\xef\xbb\xbf" + content)

    run(ctx, source=str(tmp_path / name), destination=str(tmp_path / "b.csv"))

    assert (tmp_path / "b.csv").read_bytes() == b"a\n1\n"


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.csv", b"a,b\n1,2\n3\n", "row 1.*another number of cells"),
        ("a.csv", b"a,a\n1,2\n", "names a column twice"),
        ("a.csv", b'a\n"x\n', "CSV"),
        ("a.csv", b"a\n\xff\xfe\n", "not UTF-8"),
        ("a.ndjson", b'{"a":1}\n[1]\n', "row 1.*NDJSON"),
        ("a.json", b"[1, 2]", "JSON"),
        ("a.json", b"{", "JSON"),
        ("a.csv.gz", b"\x1f\x8b\x08\x00damaged", "damaged"),
        ("a.xlsx", b"", "format of a.xlsx is not known"),
    ],
)
def test_a_file_that_is_not_what_it_says_is_discarded_and_leaves_nothing(
    ctx: Any, tmp_path: Path, name: str, content: bytes, reason: str
) -> None:
    (tmp_path / name).write_bytes(content)

    with pytest.raises(Discard, match=reason):
        run(ctx, source=str(tmp_path / name), destination=str(tmp_path / "out.csv"))
    assert [name] == [path.name for path in tmp_path.iterdir()]


@pytest.mark.parametrize(
    "payload",
    [
        {"operation": "explode"},
        {"operation": "sort"},
        {"operation": "filter", "filters": {"age": {"near": 3}}},
        {"operation": "aggregate", "sum": ["name"]},
        {"format": "xml"},
        {"destination": "/"},
    ],
)
def test_what_cannot_be_done_is_discarded(ctx: Any, people: Path, payload: Any) -> None:
    with pytest.raises(Discard):
        run(ctx, source=str(people), **payload)


def test_a_job_that_is_cancelled_stops_and_leaves_no_half_file(ctx: Any, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a\n" + "1\n" * 5000)
    ctx.cancelled = True

    with pytest.raises(InterruptedError):
        run(ctx, source=str(tmp_path / "a.csv"), destination=str(tmp_path / "b.csv"))
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


def test_progress_grows_to_at_most_one(ctx: Any, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a\n" + "1\n" * 5000)

    run(ctx, source=str(tmp_path / "a.csv"), operation="summarize")

    assert len(ctx.steps) == 5
    assert sorted(ctx.steps) == ctx.steps
    assert 1 >= ctx.steps[-1] > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Confined(Settings):
    handler_paths: tuple[str, ...] = ()


def test_with_handler_paths_no_file_outside_is_read_or_written(
    ctx: Any, people: Path, tmp_path: Path
) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "link.csv").symlink_to(people)
    (inside / "own.csv").write_text("a\n1\n")
    ctx.settings = Confined(home=tmp_path / "home", handler_paths=(str(inside),))

    for source in (people, inside / "link.csv", inside / ".." / "people.csv"):
        with pytest.raises(Discard, match="handler_paths"):
            run(ctx, source=str(source), operation="summarize")
    with pytest.raises(Discard, match="handler_paths"):
        run(ctx, source=str(inside / "own.csv"), destination=str(tmp_path / "out.csv"))
    assert run(ctx, source=str(inside / "own.csv"), operation="summarize")["rows"] == 1


def test_without_handler_paths_only_gophers_own_directories_are_touched(
    ctx: Any, people: Path, tmp_path: Path
) -> None:
    ctx.set(handler_paths=())
    home = ctx.settings.home
    own = run(ctx, source=str(_copied(people, home / "exports")), operation="summarize")

    assert own["rows"] == 3
    for source in (people, _copied(people, home), _copied(people, home / "redis")):
        with pytest.raises(Discard, match="outside of handler_paths: add its directory to HANDLER_PATHS"):
            run(ctx, source=str(source), operation="summarize")
    with pytest.raises(Discard, match="handler_paths"):
        run(ctx, source=str(home / "exports" / people.name), destination=str(tmp_path / "out.csv"))
    ctx.set(handler_paths=(Path("/"),))
    assert run(ctx, source=str(people), operation="summarize")["rows"] == 3


def _copied(file: Path, place: Path) -> Path:
    place.mkdir(parents=True, exist_ok=True)
    return Path(shutil.copy(file, place))


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("csv", 'a,b\n1,true\n,"[1,2]"\n'),
        ("tsv", "a\tb\n1\ttrue\n\t[1,2]\n"),
        ("json", '[\n{"a":1,"b":true},\n{"a":null,"b":[1,2]}\n]\n'),
        ("ndjson", '{"a":1,"b":true}\n{"a":null,"b":[1,2]}\n'),
    ],
)
def test_export_writes_every_format(ctx: Any, form: str, text: str) -> None:
    rows = [{"a": 1, "b": True}, {"a": None, "b": [1, 2]}]

    result = write(ctx, rows=rows, format=form)

    assert ctx.settings.home / "exports" / f"job-1.{form}" == Path(result["destination"])
    assert text == Path(result["destination"]).read_text()
    assert (2, len(text)) == (result["rows"], result["bytes"])


def test_export_packs_and_chooses_columns(ctx: Any) -> None:
    result = write(ctx, rows=[{"a": 1, "b": 2}], columns=["b"], format="csv", gzip=True)

    assert result["destination"].endswith("job-1.csv.gz")
    assert gzip.decompress(Path(result["destination"]).read_bytes()) == b"b\n2\n"


def test_export_of_a_file_changes_its_format(ctx: Any, people: Path, tmp_path: Path) -> None:
    write(ctx, source=str(people), destination=str(tmp_path / "p.ndjson"))

    lines = (tmp_path / "p.ndjson").read_text().splitlines()
    assert [json.loads(line) for line in lines] == PEOPLE


def test_a_column_that_the_first_row_lacks_is_not_lost_in_silence(ctx: Any) -> None:
    with pytest.raises(Discard, match="row 2 has the column 'b'"):
        write(ctx, rows=[{"a": 1}, {"a": 2, "b": 3}], format="csv")
    assert list((ctx.settings.home / "exports").iterdir()) == []


def test_export_needs_exactly_one_source(ctx: Any, people: Path) -> None:
    for payload in ({}, {"source": str(people), "rows": PEOPLE}):
        with pytest.raises(Discard, match="either as source"):
            write(ctx, **payload)
