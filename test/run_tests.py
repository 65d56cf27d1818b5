#!/usr/bin/env python3
"""Runs every test of a build and ends with `N passed, N failed, N skipped`.

Groups: lint (test/lint/*.py), unit (gtest executables) and lit. Unit tests have a
label in their CMakeLists.txt (LABEL slow), lit tests in a line `TEST-LABEL: slow`; the
rest is quick. Without --label or --fast all are run. A skip is a failure unless
test/allowed_skips.txt names it (one pattern per line, `#` starts a comment).
"""
import argparse
import fnmatch
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent


class Tally:
    def __init__(self):
        self.passed, self.failed, self.skipped = 0, [], []

    def add(self, name, outcome, detail=""):
        if outcome == "passed":
            self.passed += 1
        elif outcome == "skipped":
            self.skipped.append(name)
        else:
            self.failed.append(name)
            print(f"  FAILED {name}", flush=True)
            if detail:
                print("    " + detail.strip().replace("\n", "\n    "), flush=True)


def run(command, **options):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace", **options)


def run_lints(tally, build, label):
    if label == "slow":
        return
    for script in sorted((ROOT / "test/lint").glob("*.py")):
        result = run([sys.executable, str(script), "--build", str(build)], cwd=ROOT)
        outcome = {0: "passed", 77: "skipped"}.get(result.returncode, "failed")
        tally.add(f"lint/{script.stem}", outcome, result.stdout)


def unit_labels(build):
    """Labels by name of the unit tests of this build."""
    lines = (build / "test/unit/labels.txt").read_text().splitlines()
    return dict(line.split() for line in lines)


def run_unit(tally, build, label):
    for name, own in sorted(unit_labels(build).items()):
        program = build / "test/unit" / name
        if label not in (None, own):
            continue
        if not program.exists():
            tally.add(f"unit/{name}", "failed", "it is not built; run ./dev build")
            continue
        with tempfile.TemporaryDirectory() as folder:
            report = pathlib.Path(folder) / "report.json"
            result = run([str(program), f"--gtest_output=json:{report}", "--gtest_brief=1"],
                         cwd=folder)
            if not report.exists():
                tally.add(f"unit/{program.name}", "failed", result.stdout[-4000:])
                continue
            for suite in json.loads(report.read_text())["testsuites"]:
                for case in suite["testsuite"]:
                    name = f"unit/{program.name}/{suite['name']}.{case['name']}"
                    if case.get("failures"):
                        text = "\n".join(f["failure"] for f in case["failures"])
                        tally.add(name, "failed", text[:4000])
                    elif case.get("result") == "SKIPPED":
                        tally.add(name, "skipped")
                    else:
                        tally.add(name, "passed")
            if result.returncode and not any(f"unit/{program.name}/" in f for f in tally.failed):
                tally.add(f"unit/{program.name}", "failed", result.stdout[-4000:])


def slow_lit_tests():
    """Names, as lit says them, of the lit tests that say that they are slow."""
    mark = re.compile(r"^\W*TEST-LABEL: slow$", re.M)
    files = [f for suffix in ("test", "mlir") for f in (ROOT / "test").rglob(f"*.{suffix}")]
    return sorted(f.relative_to(ROOT / "test").as_posix() for f in files
                  if mark.search(f.read_text(errors="replace")))


def lit_selection(label):
    """The option of lit for one label."""
    if label is None:
        return []
    names = "|".join(map(re.escape, slow_lit_tests()))
    return [f"--filter={names}" if label == "slow" else f"--filter-out={names}"]


def run_lit(tally, build, label):
    prefix = run(["llvm-config-22", "--prefix"]).stdout.strip()
    with tempfile.TemporaryDirectory() as folder:
        report = pathlib.Path(folder) / "lit.json"
        result = run([sys.executable, f"{prefix}/bin/lit", "-q", "-j", str(os.cpu_count() or 2),
                      "-o", str(report), *lit_selection(label), str(build / "test")])
        if not report.exists():
            tally.add("lit", "failed", result.stdout[-4000:])
            return
        for case in json.loads(report.read_text())["tests"]:
            name = "lit/" + case["name"].split(" :: ", 1)[-1]
            if case["code"] in ("EXCLUDED", "SKIPPED"):
                continue
            outcome = {"PASS": "passed", "XFAIL": "passed",
                       "UNSUPPORTED": "skipped"}.get(case["code"], "failed")
            tally.add(name, outcome, case.get("output", "")[-4000:])


GROUPS = {"lint": run_lints, "unit": run_unit, "lit": run_lit}


def allowed(name):
    file = ROOT / "test/allowed_skips.txt"
    for line in file.read_text().splitlines():
        pattern = line.split("#")[0].strip()
        if pattern and fnmatch.fnmatch(name, pattern):
            return True
    return False


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build/release", type=pathlib.Path)
    parser.add_argument("--only", choices=sorted(GROUPS), action="append")
    parser.add_argument("--label", choices=("quick", "slow"), help="only tests of this label")
    parser.add_argument("--fast", action="store_const", const="quick", dest="label",
                        help="leave the slow ones out: --label quick")
    options = parser.parse_args()
    build = options.build.resolve()
    tally = Tally()
    for group in options.only or GROUPS:
        start = time.monotonic()
        before = tally.passed, len(tally.failed), len(tally.skipped)
        print(f"== {group}", flush=True)
        GROUPS[group](tally, build, options.label)
        print(f"   {tally.passed - before[0]} passed, {len(tally.failed) - before[1]} failed, "
              f"{len(tally.skipped) - before[2]} skipped in {time.monotonic() - start:.1f} s",
              flush=True)
    for name in list(tally.skipped):
        if not allowed(name):
            tally.skipped.remove(name)
            tally.add(name, "failed", "skipped, and not named in test/allowed_skips.txt")
    for name in tally.failed:
        print(f"failed: {name}")
    print(f"{tally.passed} passed, {len(tally.failed)} failed, {len(tally.skipped)} skipped")
    return 1 if tally.failed or not tally.passed else 0


if __name__ == "__main__":
    sys.exit(main())
