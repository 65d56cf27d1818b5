"""Reads `seqc cache list --json` and prints the names of the kernels, sorted."""
import json
import sys

entries = [json.loads(line) for line in sys.stdin]
print("\n".join(sorted(e["name"] for e in entries if e["kind"] == "kernel")))
