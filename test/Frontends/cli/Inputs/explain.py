#!/usr/bin/env python3
"""Reads the text of `seqc explain` and checks that its tables agree with each other:
calls are counted, buffers are known by number and name, layers come in order, and a
gate's count comes before the first buffer that it sizes."""
import re
import sys

SECTIONS = ("kernels", "buffers", "once per set of weights", "per call")


def sections(text):
    found, current = {}, None
    for line in text.splitlines():
        if line in SECTIONS:
            current = found.setdefault(line, [])
        elif current is not None and line.strip():
            current.append(re.split(r" {2,}", line.strip()))
    missing = [name for name in SECTIONS if name not in found]
    if missing:
        sys.exit(f"no section {missing}")
    return {name: rows[1:] for name, rows in found.items()}


def expect(true, message):
    if not true:
        sys.exit(message)


tables = sections(sys.stdin.read())
buffers = {row[0]: row for row in tables["buffers"]}
steps = tables["once per set of weights"] + tables["per call"]
for name, rows in tables.items():
    expect([row[0] for row in rows] == [str(i) for i in range(len(rows))],
           f"{name}: expected numbers from 0")
calls = {row[1]: int(row[2]) for row in tables["kernels"]}
for kernel, count in calls.items():
    used = sum(step[1] == kernel for step in steps)
    expect(used == count, f"{kernel}: {count} calls said, {used} steps found")
for step in steps:
    expect(step[1] in calls or re.match(r"(count|pack by \d+|copy)\b", step[1]),
           f"step {step} calls nothing known")
    for use in step[4].split(", "):
        number, _, name = use.lstrip("#").partition(" ")
        expect(number in buffers, f"step {step}: no buffer {number}")
        expect(buffers[number][1] == (name or "-"),
               f"step {step}: buffer {number} is called {buffers[number][1]}")
counted, idle = set(), 0
for step in tables["per call"]:
    if step[1].startswith("count "):
        counted.add(step[1].removeprefix("count "))
    if step[3] != "-":
        symbol = step[3].removesuffix(" = 0")
        expect(symbol in counted and step[1] in calls,
               f"step {step}: expected a kernel and a count known before")
        idle += 1
    for use in step[4].split(", "):
        shape = buffers[use.lstrip("#").split(" ")[0]][4]
        for symbol in re.findall(r"[\w.]+\.active", shape):
            expect(symbol in counted, f"step {step}: {symbol} is not counted yet")
layers = [step[2] for step in tables["per call"] if step[2] != "-"]
expect(layers == sorted(layers), f"expected layers in order, got {layers}")
print(f"{len(calls)} kernels, {len(buffers)} buffers, {len(steps)} steps, "
      f"{len(counted)} gates agree, {idle} steps follow them")
