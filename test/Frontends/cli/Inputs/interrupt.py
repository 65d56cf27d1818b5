#!/usr/bin/env python3
"""Starts a command and sends it SIGINT some seconds after it began to listen; ends with
its exit code. A command that ends by itself before is an error.

usage: interrupt.py SECONDS COMMAND [ARGUMENT...]
"""
import pathlib
import signal
import subprocess
import sys
import time


def listens(process):
    for line in pathlib.Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith("SigCgt:"):
            return int(line.split()[1], 16) >> (signal.SIGINT - 1) & 1
    return False


process = subprocess.Popen(sys.argv[2:])
while process.poll() is None and not listens(process):
    time.sleep(0.005)
try:
    process.wait(timeout=float(sys.argv[1]))
    sys.exit(f"the command ended by itself with {process.returncode}")
except subprocess.TimeoutExpired:
    process.send_signal(signal.SIGINT)
sys.exit(process.wait(timeout=120))
