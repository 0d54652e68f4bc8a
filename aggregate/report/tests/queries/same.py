"""Holds what two engines gave for the same queries against each other, and fails where they differ.

    python same.py ONE OTHER

Both are what run.py printed. The order of rows is not compared; numbers may differ by a millionth.
"""

import json
import sys
from pathlib import Path


def is_same(one, other):
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        return abs(one - other) <= 1e-6 * max(1.0, abs(one))
    return one == other


def rows(found):
    """The rows by their names, which tell them apart."""
    def key(row):
        return tuple(value for value in row.values() if isinstance(value, str))

    return sorted(found["rows"], key=key)


def main():
    one, other = (json.loads(Path(path).read_text()) for path in sys.argv[1:3])
    if set(one) != set(other):
        raise SystemExit(f"queries of one alone: {sorted(set(one) ^ set(other))}")
    different = []
    for name in sorted(one):
        here, there = rows(one[name]), rows(other[name])
        same = len(here) == len(there) and all(
            set(a) == set(b) and all(is_same(a[column], b[column]) for column in a) for a, b in zip(here, there))
        if not same:
            different.append(name)
    if different:
        raise SystemExit(f"they differ: {', '.join(different)}")
    seconds = sum(found["seconds"] for found in other.values())
    empty = sum(not found["rows"] for found in one.values())
    print(f"{len(one)} queries give the same rows, {empty} of them none; the second took {seconds:.0f} s")


main()
