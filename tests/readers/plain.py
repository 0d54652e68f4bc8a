"""Prints what readers make of `app` and `day` where they are told nothing but the path: rows of docs/readers.md.

    python plain.py TABLE NUMBERS [large]

TABLE is the folder of a daily table, NUMBERS that of one whose apps are all numbers. The last line names the readers that
make numbers of those.
"""

import glob
import sys


def arrow(schema):
    def name(column):
        if column not in schema.names:
            return "missing"
        kind = str(schema.field(column).type)
        return "dictionary" if kind.startswith("dictionary") and "int32, indices" not in kind else kind

    return name("app"), name("day")


def small():
    import duckdb
    import pandas
    import polars
    import pyarrow.dataset
    import pyarrow.parquet
    from datafusion import SessionContext

    def by_duckdb(table):
        found = duckdb.sql(f"FROM '{table}/**/*.parquet'")
        kinds = dict(zip(found.columns, map(str, found.types)))
        return kinds["app"], kinds["day"]

    def by_polars(schema):
        return tuple(str(schema.get(column, "missing")) for column in ("app", "day"))

    def by_pandas(table):
        frame = pandas.read_parquet(table)
        kinds = frame.dtypes
        app = "int" if frame["app"].cat.categories.dtype.kind == "i" else str(kinds["app"])
        return app, str(kinds["day"])

    def registered(table):
        context = SessionContext()
        context.register_parquet("t", table)
        return context.table("t").schema()

    def created(table):
        context = SessionContext()
        context.sql(f"CREATE EXTERNAL TABLE t STORED AS PARQUET LOCATION '{table}/'")
        return context.table("t").schema()

    return {
        "DuckDB, `FROM 'table/**/*.parquet'`": by_duckdb,
        "Polars, `read_parquet('table')`": lambda table: by_polars(polars.read_parquet(table).schema),
        "Polars, `scan_parquet('table/**/*.parquet')`":
            lambda table: by_polars(polars.scan_parquet(f"{table}/**/*.parquet").collect_schema()),
        "pandas, `read_parquet('table')`": by_pandas,
        "pyarrow, `read_table('table')`": lambda table: arrow(pyarrow.parquet.read_table(table).schema),
        "pyarrow, `dataset('table')`": lambda table: arrow(pyarrow.dataset.dataset(table).schema),
        "pyarrow, `dataset('table', partitioning='hive')`":
            lambda table: arrow(pyarrow.dataset.dataset(table, partitioning="hive").schema),
        "DataFusion, `register_parquet('t', 'table')`": lambda table: arrow(registered(table)),
        "DataFusion, `CREATE EXTERNAL TABLE`": lambda table: arrow(created(table)),
    }


def large():
    import chdb
    from pyspark.sql import SparkSession

    spark = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").getOrCreate()

    def by_chdb(table):
        described = chdb.query(f"DESCRIBE file('{table}/*/*/*.parquet')", "ArrowTable").to_pylist()
        kinds = {column["name"]: column["type"] for column in described}
        return kinds["app"], kinds["day"]

    def by_spark(table):
        kinds = dict(spark.read.parquet(table).dtypes)
        return kinds["app"], kinds["day"]

    return {"chDB, `file('table/*/*/*.parquet')`": by_chdb, "PySpark, `read.parquet('table')`": by_spark}


def main():
    table, numbers = sys.argv[1:3]
    if not glob.glob(f"{table}/*/*/*.parquet"):
        raise SystemExit(f"no files in {table}")
    made_numbers = []
    for call, types in (large() if sys.argv[3:] == ["large"] else small()).items():
        app, day = types(table)
        print(f"| {call} | {app} | {day} |")
        reader = call.split(",")[0]
        if "int" in types(numbers)[0].lower() and reader not in made_numbers:
            made_numbers.append(reader)
    print(", ".join(made_numbers))


main()
