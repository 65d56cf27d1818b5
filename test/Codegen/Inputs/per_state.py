#!/usr/bin/env python3
"""Vector operations that one more state adds to a row: per_state.py 16.s 8.s BOUND"""
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "tools"))
from inspect_asm import inspect  # noqa: E402


def operations(path):
    rows = [row for row in inspect(pathlib.Path(path).read_text(), "") if row["fma"]]
    if len(rows) != 1:
        sys.exit(f"{path}: expected one loop with multiply-adds, got {len(rows)}")
    return rows[0]["vector"]


more, less = (operations(path) for path in sys.argv[1:3])
each = (more - less) / 8
print(f"{each} vector operations per state, {more / 16} with what all states share")
sys.exit(0 if 0 < each <= float(sys.argv[3]) else 1)
