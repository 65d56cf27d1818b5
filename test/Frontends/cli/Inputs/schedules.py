#!/usr/bin/env python3
"""Checks a model under random schedules for all of its kernels: each is refused with a
message or gives right results.

usage: schedules.py SEQC MODEL TARGET COUNT FOLDER
"""
import json
import pathlib
import random
import re
import subprocess
import sys

seqc, model, target, count, folder = sys.argv[1:]
FIELDS = {
    "rows": {"rows": (1, 7, 24, 64, 200), "registerRows": (1, 2, 3, 4, 6), "unroll": (1, 2, 3, 8)},
    "channels": {"registerVectors": (1, 2, 3, 5, 16)},
    "queries": {"rows": (1, 8, 24, 48, 160), "registerRows": (1, 2, 3, 4, 6),
                "registerVectors": (1, 2, 3), "keys": (8, 24, 40, 128), "unroll": (1, 2, 3, 8),
                "block": (8, 16, 32, 48)},
}


def seqc_lines(command, *arguments):
    done = subprocess.run([seqc, command, model, "--target", target, *arguments],
                          capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


code, text = seqc_lines("explain")
kernels = re.findall(r"^ +\d+ +(\S+) .*#seqc\.schedule<\"(\w+)\"", text, re.M)
if code or not kernels:
    sys.exit(f"no kernels: {text}")
random.seed(1)
right = refused = 0
for i in range(int(count)):
    wanted = {name: {field: random.choice(values) for field, values in FIELDS[form].items()
                     if random.random() < 0.7}
              for name, form in kernels if form in FIELDS}
    path = pathlib.Path(folder) / f"random-{i}.json"
    path.write_text(json.dumps({"format": "seqc-schedule", "version": 1, "kernels": wanted}))
    code, text = seqc_lines("check", f"--schedule={path}")
    if code == 2 and ("vector registers" in text or "multiply-adds" in text):
        refused += 1
    elif code == 0:
        right += 1
    else:
        sys.exit(f"{path}: exit {code}: {text}")
print(f"{right} right, {refused} refused")
if not right:
    sys.exit("expected some schedules that are not refused")
