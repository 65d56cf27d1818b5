#!/usr/bin/env python3
"""Vector operations that one more state adds to a row: per_state.py 16.s 8.s BOUND"""
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "tools"))
from inspect_asm import inspect  # noqa: E402


def operations(path):
    """Of the loops that read rows over states, the deepest last."""
    rows = [row for row in inspect(pathlib.Path(path).read_text(), "")
            if row["fma"] and row["elements"]]
    return [row["vector"] for row in sorted(rows, key=lambda row: row["depth"])]


more, less = (operations(path) for path in sys.argv[1:3])
if not more or len(more) != len(less):
    sys.exit(f"expected the same loops with multiply-adds, got {len(more)} and {len(less)}")
fits = True
for of16, of8 in zip(more, less):
    each = (of16 - of8) / 8
    print(f"{each} vector operations per state, {of16 / 16} with what all states share")
    fits = fits and 0 < each <= float(sys.argv[3])
sys.exit(0 if fits else 1)
