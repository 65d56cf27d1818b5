#!/usr/bin/env python3
"""Source hygiene: no tabs, no trailing blanks, no unfinished-work marks, no machine paths."""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SUFFIXES = {".cpp", ".h", ".td", ".mlir", ".test", ".py", ".cmake", ".md", ".json", ".txt"}
MARK = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b")
PATH = re.compile(r"(?<![\w.])/(work|root|home/[a-z]+)/")
DATA = ("docs/examples/", "docs/generated/", "test/goldens/")


def problems_of(line):
    if "\t" in line:
        yield "tab"
    if line != line.rstrip():
        yield "trailing blank"
    if MARK.search(line):
        yield "mark of unfinished work"
    if PATH.search(line):
        yield "path of a machine"


def main():
    files = subprocess.run(["git", "ls-files"], cwd=ROOT, stdout=subprocess.PIPE, text=True,
                           check=True).stdout.split()
    found = []
    for name in files:
        path = ROOT / name
        if path.suffix not in SUFFIXES or name.startswith(DATA) or not path.exists():
            continue
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
            found += [f"{name}:{number}: {problem}" for problem in problems_of(line)]
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
