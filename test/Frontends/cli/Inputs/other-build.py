"""other-build.py SEQC COPY: the same program with another build id, as if built
by somebody else."""

import os
import struct
import sys

SHT_NOTE, NT_GNU_BUILD_ID = 7, 3


def note_content(data):
    """Where the build id of an ELF file lies: offset and size."""
    table, = struct.unpack_from("<Q", data, 0x28)
    size, count = struct.unpack_from("<HH", data, 0x3A)
    for i in range(count):
        kind, = struct.unpack_from("<I", data, table + i * size + 4)
        at, = struct.unpack_from("<Q", data, table + i * size + 0x18)
        if kind != SHT_NOTE:
            continue
        name_size, id_size, note = struct.unpack_from("<III", data, at)
        if note == NT_GNU_BUILD_ID and data[at + 12:at + 16] == b"GNU\0":
            return at + 12 + (name_size + 3 & ~3), id_size
    raise SystemExit("the program has no build id")


data = bytearray(open(sys.argv[1], "rb").read())
at, size = note_content(data)
data[at] ^= 0xFF
with open(sys.argv[2], "wb") as out:
    out.write(data)
os.chmod(sys.argv[2], 0o755)
