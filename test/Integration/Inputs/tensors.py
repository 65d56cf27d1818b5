#!/usr/bin/env python3
"""Reads, writes and changes safetensors files with the standard library only.

  tensors.py pick FILE NAME[=AS]... -o FILE   write some tensors to a new file
  tensors.py drop FILE NAME... -o FILE        write all but some tensors
  tensors.py add FILE NAME INDEX VALUE        add VALUE to one f32 element
  tensors.py set FILE NAME INDEX VALUE        replace one f32 element
  tensors.py close FILE NAME FILE NAME ATOL   exit 1 if two f32 tensors differ
"""
import array
import json
import math
import struct
import sys


def load(path):
    with open(path, "rb") as file:
        size = struct.unpack("<Q", file.read(8))[0]
        header = json.loads(file.read(size))
        body = file.read()
    header.pop("__metadata__", None)
    return {name: (entry["dtype"], entry["shape"],
                   body[entry["data_offsets"][0]:entry["data_offsets"][1]])
            for name, entry in header.items()}


def save(path, tensors):
    header, offset = {}, 0
    for name, (dtype, shape, data) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape,
                        "data_offsets": [offset, offset + len(data)]}
        offset += len(data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for _, _, data in tensors.values():
            file.write(data)


def floats(tensors, name):
    if name not in tensors:
        sys.exit(f"no tensor '{name}'; there are {sorted(tensors)}")
    dtype, shape, data = tensors[name]
    if dtype != "F32":
        sys.exit(f"'{name}' is {dtype}, expected F32")
    return shape, array.array("f", data)


def change(path, name, index, value, replace):
    tensors = load(path)
    shape, values = floats(tensors, name)
    values[int(index)] = float(value) + (0 if replace else values[int(index)])
    tensors[name] = ("F32", shape, values.tobytes())
    save(path, tensors)


def close(first, first_name, second, second_name, tolerance):
    shape, got = floats(load(first), first_name)
    other, expected = floats(load(second), second_name)
    if shape != other or not got:
        sys.exit(f"shapes differ or are empty: {shape} and {other}")
    errors = [abs(a - b) for a, b in zip(got, expected)]
    worst = max(errors) if all(math.isfinite(e) for e in errors) else math.inf
    print(f"largest difference {worst:.2e}")
    sys.exit(0 if worst <= float(tolerance) else 1)


def main(command, *rest):
    if command == "pick":
        source, *names, flag, target = rest
        assert flag == "-o"
        tensors = load(source)
        pairs = [name.partition("=") for name in names]
        save(target, {alias or name: tensors[name] for name, _, alias in pairs})
    elif command == "drop":
        source, *names, flag, target = rest
        assert flag == "-o"
        save(target, {name: entry for name, entry in load(source).items() if name not in names})
    elif command in ("add", "set"):
        change(*rest, command == "set")
    elif command == "close":
        close(*rest)
    else:
        sys.exit(__doc__)


main(*sys.argv[1:])
