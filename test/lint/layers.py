#!/usr/bin/env python3
"""Checks the allowed arrows between folders (docs/Architecture.md) over #include lines."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent

# folder -> folders of this project that it may include ("seqc" = the public headers)
ALLOWED = {
    "runtime/abi": set(),
    "runtime/include": {"seqc"},
    "runtime/core": {"runtime/core", "runtime/abi", "seqc"},
    "runtime/reference": {"runtime/reference", "seqc"},
    "runtime/interpreter": {"runtime/interpreter", "runtime/reference", "dialect", "seqc"},
    "dialect": {"dialect"},
    "passes": {"passes", "dialect", "runtime/abi"},
    "codegen": {"codegen", "dialect", "runtime/abi"},
    "frontends/safetensors": {"frontends/safetensors", "seqc"},
    "frontends/json": {"frontends/json", "seqc"},
    "frontends/layers": {"frontends/layers", "frontends/json", "frontends/safetensors", "dialect",
                         "seqc"},
    "runtime/jit": {"runtime/jit", "runtime/core", "runtime/interpreter", "runtime/abi", "passes",
                    "codegen", "dialect", "frontends/json", "frontends/layers",
                    "frontends/safetensors", "seqc"},
    "frontends/cli": {"frontends/cli", "runtime/jit", "runtime/reference", "runtime/core",
                      "frontends/json", "frontends/layers", "frontends/safetensors", "seqc"},
}
NO_LLVM = ("runtime/abi", "runtime/include", "runtime/core", "runtime/reference",
           "frontends/safetensors", "frontends/json")


def folder_of(path):
    """The longest folder of ALLOWED that holds the path."""
    best = ""
    for folder in ALLOWED:
        if (path + "/").startswith(folder + "/") and len(folder) > len(best):
            best = folder
    return best


def check_line(name, number, line):
    match = re.match(r'\s*#\s*include\s+["<]([^">]+)[">]', line)
    if not match:
        return None
    here, target = folder_of(name), match.group(1)
    if target.startswith(("mlir/", "llvm/")):
        forbidden = here in NO_LLVM
    else:
        there = "seqc" if target.startswith("seqc/") else folder_of(target)
        forbidden = target.startswith("test/") or (there and there not in ALLOWED.get(here, ()))
    return f"{name}:{number}: {here} must not include {target}" if forbidden else None


def main():
    problems = []
    for top in ("dialect", "passes", "codegen", "runtime", "frontends"):
        for file in sorted((ROOT / top).rglob("*")):
            if file.suffix not in (".h", ".cpp", ".cuh"):
                continue
            name = file.relative_to(ROOT).as_posix()
            for number, line in enumerate(file.read_text().splitlines(), 1):
                problem = check_line(name, number, line)
                if problem:
                    problems.append(problem)
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
