"""Whether the lines of `seqc run --score --json` in some files agree.

usage: same_bits.py FILE FILE...
"""
import json
import sys

bits = {path: json.load(open(path))["bits_per_byte"] for path in sys.argv[1:]}
# Variants may add up in another order, in f32.
if max(bits.values()) - min(bits.values()) > 1e-5:
    sys.exit(f"expected the same bits per byte, got {bits}")
