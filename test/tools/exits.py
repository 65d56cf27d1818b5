#!/usr/bin/env python3
"""Runs a command and succeeds if it ends with the exit code given first.

usage: exits.py CODE COMMAND [ARGUMENT...]
"""
import subprocess
import sys

wanted, command = int(sys.argv[1]), sys.argv[2:]
got = subprocess.run(command).returncode
if got != wanted:
    sys.exit(f"expected exit code {wanted}, got {got} from {' '.join(command)}")
