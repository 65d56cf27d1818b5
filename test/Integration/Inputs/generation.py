#!/usr/bin/env python3
"""Runs `seqc run --generate 200` on the recorded prompt and compares the bytes.

usage: generation.py SEQC MODEL expected_generation.json
"""
import json
import subprocess
import sys

program, model, recorded = sys.argv[1:]
expected = json.load(open(recorded))
command = [program, "run", model, "--threads", "1", "--generate",
           str(len(expected["continuation_bytes"])), "--prompt", expected["prompt"]]
text = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
wanted = bytes(expected["continuation_bytes"])
if text.rstrip(b"\n") != wanted.rstrip(b"\n"):
    sys.exit(f"expected {wanted!r}, got {text!r}")
line = json.loads(subprocess.run(command + ["--json"], check=True, stdout=subprocess.PIPE).stdout)
if bytes(line["continuation_bytes"]) != wanted:
    sys.exit(f"--json: expected {list(wanted)}, got {line['continuation_bytes']}")
