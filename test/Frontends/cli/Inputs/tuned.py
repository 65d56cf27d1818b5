#!/usr/bin/env python3
"""Checks that a schedule file holds what the search said it kept, unless it took the
changes back.

usage: tuned.py SCHEDULE STDERR
"""
import json
import pathlib
import re
import sys

KEPT = re.compile(r"seqc: (\S+): (\w+) (\d+) -> (\d+): [\d.]+ % faster")

file = json.loads(pathlib.Path(sys.argv[1]).read_text())
said = pathlib.Path(sys.argv[2]).read_text()
expected, first = {}, {}
for kernel, field, old, new in KEPT.findall(said):
    first.setdefault((kernel, field), int(old))
    expected[kernel, field] = int(new)
if "taken back" in said:
    expected = {}
# A way there and back ends where the schedule model began.
expected = {key: value for key, value in expected.items() if value != first[key]}
found = {(kernel, field): value for kernel, fields in file["kernels"].items()
         for field, value in fields.items()}
if found != expected:
    sys.exit(f"expected {expected}, got {found}")
