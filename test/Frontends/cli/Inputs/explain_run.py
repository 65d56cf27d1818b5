"""Checks the JSON of an explained run for what must be true on any machine."""
import json
import sys

run = json.load(sys.stdin)["run"]
work = [s for s in run["steps"] if s["flops"] > 0]
assert all(s["bytes"] > 0 and s["limit_ms"] > 0 for s in work), work
variants = [v for site in run["sites"] for v in site["variants"]]
assert all(v["ran"] == 0 and not v["origin"] for v in variants), variants
assert run["compiles"] == []
assert all(0 <= d <= 1 for g in run["gates"] for d in g["density"])
assert all(len(g["density"]) == run["calls"] for g in run["gates"])
print(f"{len(work)} steps with work, {len(variants)} variants of "
      f"{len(run['sites'])} sites were not compiled")
