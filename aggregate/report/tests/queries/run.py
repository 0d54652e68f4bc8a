"""Runs the queries of a folder over rollups with one engine, and prints what comes out as JSON.

    python run.py ENGINE ROLLUPS QUERIES

ENGINE is duckdb, polars, datafusion or pyspark. What each engine needs to see the tables is what docs/report.md shows.
"""

import json
import sys
import time
from pathlib import Path


def duckdb(rollups, tables):
    import duckdb

    duckdb.sql(f"SET VARIABLE rollups = '{rollups}/'")
    duckdb.sql((rollups / "views.sql").read_text())

    def run(sql):
        found = duckdb.sql(sql)
        return found.columns, found.fetchall()

    return run


def polars(rollups, tables):
    import polars as pl

    context = pl.SQLContext()
    for table, unit in tables.items():
        files = pl.scan_parquet(f"{rollups}/{table}/", hive_schema={"app": pl.String, unit: pl.Date})
        context.register(table, files)

    def run(sql):
        found = context.execute(sql, eager=True)
        return found.columns, found.rows()

    return run


def datafusion(rollups, tables):
    from datafusion import SessionContext

    context = SessionContext()
    for table, unit in tables.items():
        context.sql(f"CREATE EXTERNAL TABLE {table}_files STORED AS PARQUET PARTITIONED BY (app, {unit}) "
                    f"LOCATION '{rollups}/{table}/'")
        context.sql(f"CREATE VIEW {table} AS SELECT * EXCLUDE ({unit}), CAST({unit} AS DATE) AS {unit} FROM {table}_files")

    def run(sql):
        found = context.sql(sql)
        table = found.to_arrow_table()
        return table.column_names, [tuple(row.values()) for row in table.to_pylist()]

    return run


def pyspark(rollups, tables):
    from pyspark.sql import SparkSession

    session = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    # As many parts as there are by default make a small query slow.
    spark = session.config("spark.sql.shuffle.partitions", "1").getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    spark.conf.set("spark.sql.sources.partitionColumnTypeInference.enabled", "false")
    for table, unit in tables.items():
        files = spark.read.parquet(f"{rollups}/{table}")
        files.withColumn(unit, files[unit].cast("date")).createOrReplaceTempView(table)

    def run(sql):
        found = spark.sql(sql)
        return found.columns, [tuple(row) for row in found.collect()]

    return run


def plain(value):
    if value is None or isinstance(value, (int, float, str)):
        return value
    if hasattr(value, "isoformat"):
        return value.isoformat()[:10]
    return float(value)


def main():
    engine, rollups, queries = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    described = json.loads((rollups / "tables.json").read_text())["tables"]
    tables = {table["name"]: table["unit"] for table in described if (rollups / table["name"]).is_dir()}
    run = {"duckdb": duckdb, "polars": polars, "datafusion": datafusion, "pyspark": pyspark}[engine](rollups, tables)
    found = {}
    for query in sorted(queries.glob("*.sql")):
        begun = time.monotonic()
        try:
            columns, rows = run(query.read_text())
        except Exception as error:
            raise SystemExit(f"{engine}: {query.name}: {error}") from error
        took = time.monotonic() - begun
        rows = [dict(zip(columns, map(plain, row))) for row in rows]
        found[query.stem] = {"rows": rows, "seconds": took}
    json.dump(found, sys.stdout)


main()
