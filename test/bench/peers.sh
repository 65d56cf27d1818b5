#!/usr/bin/env bash
# usage: peers.sh SEQC [--case PATTERN] [--threads N]
# Times seqc and the programs of a peer kit case by case (README.md) and prints the
# kit's table; a ratio above 1 means that seqc is faster. OUT: folder for the lines.
set -euo pipefail
kit=${SEQC_PEERS:?set SEQC_PEERS to the folder of the peer kit}
env=${SEQC_PEERS_ENV:?set SEQC_PEERS_ENV to the folder that the kit is set up in}
list=$(dirname "$0")/cases.json
seqc=$1 pattern='*' threads=1
shift
while [ $# -gt 0 ]; do
  case "$1" in
  --case) pattern=$2; shift 2 ;;
  --threads) threads=$2; shift 2 ;;
  *) printf 'peers.sh: expected --case PATTERN or --threads N, got %s\n' "$1" >&2; exit 2 ;;
  esac
done
out=${OUT:-build/peers}
mkdir -p "$out"
: >"$out/peers.jsonl"
: >"$out/seqc.jsonl"
# The cases that both lists have.
mapfile -t names < <(python3 - "$list" "$kit/cases.json" "$pattern" <<'P'
import fnmatch, json, sys
ours, theirs = ([case["name"] for case in json.load(open(path))["cases"]] for path in sys.argv[1:3])
for name in ours:
    if name in theirs and any(fnmatch.fnmatch(name, glob) for glob in sys.argv[3].split(",")):
        print(name)
P
)
[ ${#names[@]} -gt 0 ] || { printf "peers.sh: no case matches '%s'\n" "$pattern" >&2; exit 2; }
measure() {
  "$seqc" bench "$list" --json --threads "$threads" --case "$1" >>"$out/seqc.jsonl" || true
}
parts="roofline ${PARTS:-ggml torch jax ort}" # the machine's limits once, with the first case
for i in "${!names[@]}"; do
  printf '\r\033[K[%d/%d] %s' $((i + 1)) ${#names[@]} "${names[$i]}" >&2
  measure "${names[$i]}"
  CASES=${names[$i]} GGML_CASES=${names[$i]} THREADS=$threads PARTS=$parts OUT=$out/one.jsonl \
    "$kit/run_all.sh" "$env" >"$out/log.txt" 2>&1 ||
    printf '\r\033[Kpeers of %s failed (%s)\n' "${names[$i]}" "$out/log.txt" >&2
  cat "$out/one.jsonl" >>"$out/peers.jsonl"
  parts=${PARTS:-ggml torch jax ort}
  measure "${names[$i]}"
done
printf '\r\033[K' >&2
python3 "$kit/join.py" "$out/peers.jsonl" "$out/seqc.jsonl" --threads "$threads"
