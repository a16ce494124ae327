"""DuckDB finding the same pairs from Parquet: what an engine made for such joins takes."""

import tempfile
import time
from pathlib import Path
from typing import Final

import asyncpg
import duckdb

from tests.bench.measure import median_of

_TABLES: Final = {
    "sightings": (
        "SELECT encode(token, 'hex') AS token, office_id, subject_id FROM sightings",
        "unhex(token) AS token, office_id, subject_id",
    ),
    "subjects": ("SELECT id, case_id FROM subjects", "id, case_id"),
}
"""What is exported of each table, and what DuckDB reads of that."""

_PAIRS: Final = """
SELECT count(*) FROM (
  SELECT DISTINCT least(a.case_id, b.case_id), greatest(a.case_id, b.case_id)
  FROM sightings g JOIN sightings h ON h.token = g.token AND h.office_id > g.office_id
  JOIN subjects a ON a.id = g.subject_id JOIN subjects b ON b.id = h.subject_id)
"""


async def seconds(database: asyncpg.Connection, *, pairs: int, runs: int) -> float:
    """Export the tables and return the median that counting their `pairs` takes."""
    with tempfile.TemporaryDirectory() as directory:
        for table, (rows, columns) in _TABLES.items():
            csv = Path(directory, f"{table}.csv")
            await database.copy_from_query(rows, output=csv, format="csv", header=True)
            _to_parquet(csv, columns)
        return median_of([_counted(Path(directory), pairs) for _ in range(runs)])


def _to_parquet(csv: Path, columns: str) -> None:
    with duckdb.connect() as engine:
        engine.read_csv(str(csv)).project(columns).write_parquet(str(csv.with_suffix(".parquet")))
    csv.unlink()


def _counted(directory: Path, pairs: int) -> float:
    with duckdb.connect() as engine:
        for table in _TABLES:
            engine.read_parquet(str(directory / f"{table}.parquet")).create_view(table)
        started = time.perf_counter()
        found = engine.execute(_PAIRS).fetchone()
        spent = time.perf_counter() - started
    assert found == (pairs,)
    return spent
