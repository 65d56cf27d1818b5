"""Runs a command whose standard output goes to a file that may not grow.

usage: full.py FILE COMMAND [ARGUMENT...]
"""
import resource
import subprocess
import sys


def limit():
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


with open(sys.argv[1], "wb") as out:
    sys.exit(subprocess.run(sys.argv[2:], stdout=out, preexec_fn=limit).returncode)
