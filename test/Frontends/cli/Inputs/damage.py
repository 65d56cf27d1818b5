#!/usr/bin/env python3
"""Flips one bit in the middle of every plain file below a folder."""
import pathlib
import sys

files = [path for path in pathlib.Path(sys.argv[1]).rglob("*") if path.is_file()]
if not files:
    sys.exit(f"expected files below {sys.argv[1]}, found none")
for path in files:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x40
    path.write_bytes(data)
