#!/usr/bin/env python3
"""docs/generated holds what the .td files say (target `seqc-docs`).

usage: docs_fresh.py [--build DIR] [--update]

Compares the build's copies with docs/generated; --update copies them there.
Exits 77 (skipped) where the build has no copies: nothing to compare with.
"""
import argparse
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = ("SeqcOps.md", "SeqcPasses.md")


def build_pages(build):
    """Brings the copies up to date where there is a build to do it with."""
    if (build / "build.ninja").exists():
        subprocess.run(["ninja", "-C", str(build), "seqc-docs"], check=False,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return [build / "docs" / "generated" / page for page in PAGES]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    parser.add_argument("--update", action="store_true")
    options = parser.parse_args()

    fresh = build_pages(options.build)
    if not all(page.exists() for page in fresh):
        print(f"no generated pages in {options.build}: build the target seqc-docs first")
        return 77
    kept = ROOT / "docs" / "generated"
    stale = [page for page in fresh if not (kept / page.name).exists()
             or (kept / page.name).read_bytes() != page.read_bytes()]
    if options.update:
        kept.mkdir(parents=True, exist_ok=True)
        for page in stale:
            (kept / page.name).write_bytes(page.read_bytes())
        return 0
    for page in stale:
        print(f"docs/generated/{page.name} is out of date: run ./dev docs")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
