"""Runs a command while it reads a FIFO, and prints what came out of it.

usage: fifo.py FIFO COMMAND [ARGUMENT...]
"""
import subprocess
import sys
import threading

fifo, command = sys.argv[1], sys.argv[2:]
read = []


def drain():
    with open(fifo, "rb") as stream:
        read.append(stream.read())


# A command that never opens the FIFO must not hang the reader.
reader = threading.Thread(target=drain, daemon=True)
reader.start()
code = subprocess.run(command, stdout=subprocess.DEVNULL).returncode
reader.join(timeout=20)
sys.stdout.buffer.write(b"".join(read))
sys.exit(code or (0 if read else "nothing came out of the FIFO"))
