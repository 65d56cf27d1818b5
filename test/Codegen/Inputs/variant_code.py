#!/usr/bin/env python3
"""Whether variants are other code than their kernels: variant_code.py GENERIC VARIANT KERNELS

GENERIC and VARIANT stand for a .s and a .o of `seqc compile`, all kernels and those that
have the variant; KERNELS is what is expected of each: REGEX:COUNT[+COUNT...], comma
separated. Each COUNT (insts, bytes, depth, code) has to be smaller in the variant. The
first two are summed over innermost loops, depth is the deepest loop, code all instructions.
"""
import hashlib
import pathlib
import re
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "tools"))
from inspect_asm import Instruction, Reader, inspect, objects_of  # noqa: E402


def counts_of(path):
    text = pathlib.Path(path + ".s").read_text()
    counts = {name: {"insts": 0, "bytes": 0, "depth": 0,
                     "code": sum(isinstance(item, Instruction) for item in body)}
              for name, body in Reader(text).functions.items() if not name.endswith("_tasks")}
    for row in inspect(text, ""):
        if row["function"] in counts:
            of = counts[row["function"]]
            of["insts"] += row["insts"]
            of["bytes"] += row["loaded"] + row["stored"] + row["repeated"]
            of["depth"] = max(of["depth"], row["depth"])
    return counts


def digests_of(path):
    return {hashlib.sha256(data).hexdigest() for data, _ in objects_of(path + ".o")}


def main(generic, variant, kernels):
    before, after = counts_of(generic), counts_of(variant)
    expected = [part.split(":") for part in kernels.split(",")]
    failures = []
    for pattern, _ in expected:
        if not any(re.search(pattern, name) for name in after):
            failures.append(f"no kernel matches {pattern}")
    for name, counts in after.items():
        print(name, " ".join(f"{key} {before[name][key]} -> {counts[key]}" for key in counts))
        wanted = [less for pattern, less in expected if re.search(pattern, name)]
        if not wanted:
            failures.append(f"{name} is not expected to have the variant")
        failures += [f"{name}: expected less {key}" for less in wanted
                     for key in less.split("+") if counts[key] >= before[name][key]]
    new, old = digests_of(variant), digests_of(generic)
    if len(new) != len(after) or new & old:
        failures.append(f"expected {len(after)} other objects, got {len(new - old)}")
    for failure in failures:
        print(f"failed: {failure}", file=sys.stderr)
    return 1 if failures else 0


sys.exit(main(*sys.argv[1:]))
