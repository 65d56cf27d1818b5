#!/usr/bin/env python3
"""Every message of a dialect verifier, and every labelled rule, has a test.

Messages: the string literals of each `emitOpError` statement in dialect/*.cpp
must appear, in order, in some `expected-error` of test/Dialect/*.mlir. Rules:
each label `(family_cN)` of dialect/*.td must begin a function name there, each
label `(family_tN)`, of tiles, the name of a case of test/unit/TilingTest.cpp.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')
CALL = re.compile(r"emitOpError\((.*?);", re.S)
ADJACENT = re.compile(r'"\s*\n\s*"')
EXPECTED = re.compile(r"expected-error\s*@?\S*\s*\{\{(.*?)\}\}(?:\s|$)")
RULE = re.compile(r"^\s*\* \((\w+_c\d+)\)", re.M)
TILES = re.compile(r"^\s*\* \((\w+_t\d+)\)", re.M)


def messages(source):
    """(line, literal pieces) of each emitOpError statement."""
    for call in CALL.finditer(source):
        pieces = STRING.findall(ADJACENT.sub("", call.group(0)))
        line = source.count("\n", 0, call.start()) + 1
        yield line, [p for p in pieces if p]


def untested_messages(expected):
    for path in sorted((ROOT / "dialect").glob("*.cpp")):
        for line, pieces in messages(path.read_text()):
            where = f"{path.relative_to(ROOT)}:{line}"
            if not pieces:
                yield f"{where}: expected a message in emitOpError, got none"
                continue
            pattern = re.compile(".*".join(map(re.escape, pieces)))
            if not any(pattern.search(e) for e in expected):
                yield f"{where}: no expected-error for \"{' … '.join(pieces)}\""


def untested_rules(cases):
    for path in sorted((ROOT / "dialect").glob("*.td")):
        for rule in RULE.findall(path.read_text()):
            if not re.search(rf"@{rule}(?![0-9])", cases):
                yield f"{path.relative_to(ROOT)}: no function @{rule}_... in test/Dialect"


def untested_tiles(cases):
    for path in sorted((ROOT / "dialect").glob("*.td")):
        for rule in TILES.findall(path.read_text()):
            if not re.search(rf'[">_]{rule}(?![0-9])', cases):
                yield f"{path.relative_to(ROOT)}: no case {rule}_... in test/unit/TilingTest.cpp"


def main():
    invalid = sorted((ROOT / "test" / "Dialect").glob("*.mlir"))
    cases = "\n".join(path.read_text() for path in invalid)
    expected = EXPECTED.findall(cases)
    problems = list(untested_messages(expected)) + list(untested_rules(cases))
    problems += untested_tiles((ROOT / "test" / "unit" / "TilingTest.cpp").read_text())
    if not expected:
        problems.append("test/Dialect: no expected-error at all")
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
