"""Says of an explained run whether the steps that follow a gate were left out in all of
its calls or in none, and fails where they were in some, or where others were at all."""
import json
import sys

run = json.load(sys.stdin)["run"]
follow = [s for s in run["steps"] if s["idle_with"]]
assert all(s["left_out"] == 0 for s in run["steps"] if not s["idle_with"]), run["steps"]
counts = {s["left_out"] for s in follow}
assert counts in ({0}, {run["calls"]}), (counts, run["calls"])
assert all((s["ms"] == 0) == (s["left_out"] > 0) for s in follow), follow
gates = {s["idle_with"] for s in follow}
print(f"{len(follow)} steps of {len(gates)} gates left out in "
      f"{'all calls' if counts == {run['calls']} else 'no call'}")
