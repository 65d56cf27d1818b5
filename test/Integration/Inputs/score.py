#!/usr/bin/env python3
"""Compares `seqc run --score --json` on standard input with recorded figures.

usage: score.py expected.json            the trained model
       score.py expected.json skipped    every token skipped
"""
import json
import sys

FIELDS = ["bits_per_byte", "tokens", "windows", "activation_rate", "tokens_per_second",
          "compile_ms", "cache", "threads", "target", "version"]

expected = json.load(open(sys.argv[1]))
score = json.load(sys.stdin)
errors = [f"field '{name}' is missing" for name in FIELDS if name not in score]


def near(name, got, wanted, tolerance):
    if abs(got - wanted) > tolerance:
        errors.append(f"{name}: expected {wanted} within {tolerance}, got {got}")


if not errors:
    near("windows", score["windows"], expected["protocol"]["num_windows"], 0)
    near("tokens", score["tokens"], 512 * 256, 0)
    rates = expected["activation_rate"]["per_layer"]
    bits = expected["bits_per_byte"]
    if "skipped" in sys.argv:
        rates = [0] * len(rates)
        bits = expected["ablation"]["bits_per_byte_with_every_token_skipped"]
    near("bits per byte", score["bits_per_byte"], bits, 1e-4)
    near("layers", len(score["activation_rate"]), len(rates), 0)
    for layer, (got, wanted) in enumerate(zip(score["activation_rate"], rates)):
        near(f"activation rate of layer {layer}", got, wanted, 1e-3 if wanted else 0)
sys.exit("\n".join(errors) or 0)
