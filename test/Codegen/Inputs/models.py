#!/usr/bin/env python3
"""Writes small models, one primitive each: models.py NAME [states] DIR

DIR gets model.json and weights.safetensors. Code is generated from shapes; the
weights only have to be there.
"""
import json
import math
import pathlib
import struct
import sys

WIDTH = 128


def read(name):
    return {"op": "input", "name": name, "out": name}


def gemm(_):
    return {"width": 512}, [{"op": "linear", "in": "x", "weights": "w.", "bias": False,
                             "out": "y"}], {"w.weight": [768, 512]}


def attention(_):
    also = [{"name": "k", "width": 64}, {"name": "v", "width": 64}]
    return {"width": 64, "also": also}, [
        read("k"), read("v"),
        {"op": "attend", "query": "x", "key": "k", "value": "v", "window": 64,
         "score": "softmax", "out": "y"}], {}


def ema(states):
    column = [WIDTH, states, 1]
    return {"width": WIDTH}, [
        {"op": "ema", "in": "x", "weights": "w.", "states": states, "out": "y"}], {
            "w.delta": column, "w.alpha": column, "w.beta": column,
            "w.gamma": [WIDTH, states], "w.omega": [WIDTH]}


def selective(states):
    also = [{"name": "dt", "width": WIDTH}, {"name": "b", "width": states},
            {"name": "c", "width": states}]
    return {"width": WIDTH, "also": also}, [
        read("dt"), read("b"), read("c"),
        {"op": "map", "in": "dt", "function": "softplus", "out": "delta"},
        {"op": "selective_scan", "in": "x", "delta": "delta", "state_in": "b",
         "state_out": "c", "decay": "A", "out": "y"}], {"A": [WIDTH, states]}


def complex_scan(states):
    pairs = {f"w.{name}": [WIDTH, states] for name in
             ("decay_re", "decay_im", "out_re", "out_im")}
    return {"width": WIDTH}, [{"op": "complex_scan", "in": "x", "weights": "w.",
                               "states": states, "out": "y"}], {**pairs, "w.skip": [WIDTH]}


def conv(_):
    return {"width": WIDTH}, [{"op": "conv", "in": "x", "weights": "w.", "taps": 4,
                               "bias": False, "out": "y"}], {"w.weight": [WIDTH, 4]}


def save(path, shapes):
    header, size = {}, 0
    for name, shape in shapes.items():
        end = size + 4 * math.prod(shape)
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [size, end]}
        size = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + struct.pack("<f", 0.25) * (size // 4))


def main(name, *rest):
    *states, folder = rest
    makers = {maker.__name__: maker for maker in (gemm, attention, ema, selective, complex_scan,
                                               conv)}
    columns, steps, shapes = makers[name](int(states[0]) if states else 16)
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    save(folder / "weights.safetensors", shapes)
    layer = {"kind": "compose", "name": name, "weights": "", "steps": steps}
    (folder / "model.json").write_text(json.dumps({
        "format": "seqc-model", "version": 1, "name": name,
        "weights": "weights.safetensors", "carry": False,
        "input": {"kind": "features", **columns}, "blocks": [{"layers": [layer]}]}, indent=2))


main(*sys.argv[1:])
