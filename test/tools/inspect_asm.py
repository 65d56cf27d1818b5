#!/usr/bin/env python3
"""Counts what the innermost loops of emitted code do, and which symbols it imports.

  inspect_asm.py loops FILE [--function REGEX] [--where EXPR] [--require EXPR]...
                            [--least N] [--none] [--json]
  inspect_asm.py imports FILE... --abi KernelAbi.h
  inspect_asm.py split FILE PREFIX

`loops` reads assembly as `seqc compile --emit=asm` prints it, or the output of
`llvm-objdump -d --no-show-raw-insn --symbolize-operands` (FILE `-`: standard input),
for x86-64 (AT&T syntax) and aarch64. It knows nothing of the planner: it finds the
loops in the control flow and counts instructions. One row per innermost loop:

  insts          instructions on all paths through the body
  vector         vector instructions that need an arithmetic or shuffle unit; loads,
                 stores, broadcasts from memory, register moves and zeroing do not
  fma            vector multiply-adds among them
  fma_share      fma / vector
  scalar         scalar float arithmetic (ss, sd; s and d registers)
  calls          calls
  spills         vector stores to the stack: values that change are spilled
  reloads        vector loads from stack slots that the loop also stores
  invariants     vector loads from other stack slots: loop-invariant values
  saves          stores of general registers to the stack
  loaded,stored  bytes moved at addresses that advance with the loop
  elements       the part of `loaded` that comes in loads of 4 bytes or less
  repeated       bytes loaded again in every iteration from an address that stays,
                 the stack included

--where keeps the loops for which an expression of these names holds, --least says how
many there have to be (default: 1; --none: not one), --require is asked of each; what
fails is printed and gives exit code 1. Further names: depth (1: not nested), blocks,
width (bytes of the widest vector register).

`imports` reads ELF objects and refuses an undefined symbol that the header's
SEQC_KERNEL_IMPORTS does not list. `split` writes the objects of a file, which
`seqc compile --emit=obj` puts one behind the other, to PREFIX0.o, PREFIX1.o, ...
"""
import argparse
import ast
import json
import pathlib
import re
import struct
import sys

COLUMNS = ("insts", "vector", "fma", "fma_share", "scalar", "calls", "spills", "reloads",
           "invariants", "saves", "loaded", "elements", "stored", "repeated")


# ===----------------------------------------------------------------------===#
# Text to functions
# ===----------------------------------------------------------------------===#

class Instruction:
    def __init__(self, mnemonic, operands):
        self.mnemonic = mnemonic
        self.operands = split_operands(operands)
        self.text = operands


def split_operands(text):
    """Operands at commas that are in no bracket."""
    parts, depth, start = [], 0, 0
    for i, c in enumerate(text):
        if c in "([{":
            depth += 1
        elif c in ")]}":
            depth -= 1
        elif c == "," and not depth:
            parts.append(text[start:i].strip())
            start = i + 1
    parts.append(text[start:].strip())
    return [part for part in parts if part]


def strip_comment(line, arm):
    line = re.sub(r"\s//.*$", "", line) if arm else re.sub(r"\s*#.*$", "", line)
    return line.rstrip()


class Reader:
    """Functions as lists of instructions and labels (strings)."""

    def __init__(self, text):
        self.arm = bool(re.search(r"aarch64|\bv\d+\.\d*[bhsd]\b|\[sp[,\]]", text))
        self.functions, self.body = {}, None
        names = set(re.findall(r"^\s*\.type\s+(\S+),\s*[@%]function", text, re.M))
        for line in text.splitlines():
            self.read(strip_comment(line, self.arm), names)

    def read(self, line, names):
        opened = re.match(r"[0-9a-f]{8,} <(.+)>:$", line)
        label = re.match(r"<?([.\w$]+)>?:$", line)
        if opened or (label and label[1] in names):
            self.body = self.functions.setdefault((opened or label)[1], [])
        elif self.body is None:
            return
        elif label and label[1].startswith(".Lfunc_end"):
            self.body = None
        elif label:
            self.body.append(label[1])
        else:
            self.readInstruction(line)

    def readInstruction(self, line):
        line = re.sub(r"^\s*[0-9a-f]+:\s+", "", line).strip()
        if not line or line.startswith(".") or line.startswith("Disassembly"):
            return
        mnemonic, _, operands = line.replace("\t", " ").partition(" ")
        # Prefixes and encoding hints are no instruction.
        while mnemonic in ("lock", "rep", "notrack", "data16", "{evex}", "{vex}"):
            mnemonic, _, operands = operands.strip().partition(" ")
        self.body.append(Instruction(mnemonic, operands.strip()))


# ===----------------------------------------------------------------------===#
# Control flow
# ===----------------------------------------------------------------------===#

def jump_target(instruction, arm):
    """Label that an instruction may jump to; None: it does not jump."""
    pattern = r"b(\.\w+)?|cbn?z|tbn?z" if arm else r"j[a-z]+"
    if not re.fullmatch(pattern, instruction.mnemonic):
        return None
    return instruction.operands[-1].strip("<>") if instruction.operands else None


def falls_through(instruction, arm):
    return instruction.mnemonic not in (("b", "ret", "br") if arm else ("jmp", "jmpq", "ret", "retq"))


def basic_blocks(body, arm):
    """Blocks as (labels, instructions)."""
    blocks = [([], [])]
    for item in body:
        labels, instructions = blocks[-1]
        ended = instructions and jump_target(instructions[-1], arm)
        if ended or (isinstance(item, str) and instructions):
            blocks.append(([], []))
        blocks[-1][0 if isinstance(item, str) else 1].append(item)
    return blocks


def successors_of(blocks, arm):
    place = {label: i for i, (labels, _) in enumerate(blocks) for label in labels}
    result = []
    for i, (_, instructions) in enumerate(blocks):
        last = instructions[-1] if instructions else None
        target = last and jump_target(last, arm)
        after = [i + 1] if i + 1 < len(blocks) and (not last or falls_through(last, arm)) else []
        result.append(after + ([place[target]] if target in place else []))
    return result


def reachable_from_entry(successors):
    found, open_blocks = {0}, [0]
    while open_blocks:
        new = set(successors[open_blocks.pop()]) - found
        found |= new
        open_blocks += new
    return found


def dominators(successors):
    """Sets of blocks that dominate each, and the predecessors of each."""
    # What follows a jump to align the next loop runs into it but is never run.
    live = reachable_from_entry(successors)
    before = [[] for _ in successors]
    for i in sorted(live):
        for target in successors[i]:
            before[target].append(i)
    result = [{0}] + [set(live) for _ in successors[1:]]
    changed = True
    while changed:
        changed = False
        for i in sorted(live - {0}):
            new = {i} | set.intersection(*[result[p] for p in before[i]])
            changed |= new != result[i]
            result[i] = new
    return result, before


def natural_loops(successors):
    """Header -> set of blocks."""
    over, before = dominators(successors)
    loops = {}
    for header, sources in enumerate(before):
        for i in sources:
            if header not in over[i]:
                continue
            body = loops.setdefault(header, {header})
            open_blocks = [i]
            while open_blocks:
                block = open_blocks.pop()
                if block not in body:
                    body.add(block)
                    open_blocks += before[block]
    return loops


# ===----------------------------------------------------------------------===#
# Instruction sets
# ===----------------------------------------------------------------------===#

class Access:
    """One memory operand: registers of its address and bytes each way."""

    def __init__(self, address, registers, loaded, stored):
        self.address, self.registers = address, registers
        self.loaded, self.stored = loaded, stored


class X86:
    WIDTHS = {"z": 64, "y": 32, "x": 16}
    SUFFIXES = {"b": 1, "w": 2, "l": 4, "q": 8}

    def __init__(self, body):
        # Where rbp is no frame pointer it is a register like others.
        frame = any(isinstance(i, Instruction) and i.mnemonic in ("movq", "mov")
                    and i.operands == ["%rsp", "%rbp"] for i in body)
        self.stack = {"sp", "bp"} if frame else {"sp"}

    @staticmethod
    def register(name):
        """Register whatever the width it is named at: eax, al -> ax."""
        if match := re.fullmatch(r"(r\d+)[dwb]?", name):
            return match[1]
        if match := re.fullmatch(r"[re]?([a-ds][xip]|[sb]p)l?|([a-d])[lh]", name):
            return match[1] or match[2] + "x"
        return name

    @staticmethod
    def width(instruction):
        found = re.findall(r"%([xyz])mm\d+", instruction.text)
        return max((X86.WIDTHS[letter] for letter in found), default=0)

    @staticmethod
    def memory(instruction):
        for index, operand in enumerate(instruction.operands):
            if re.match(r"(%[a-z]s:)?[^%$]*\(.*%", operand):
                return index, operand
        return None, None

    def is_call(self, i):
        return i.mnemonic.startswith("call")

    def is_fma(self, i):
        return bool(re.fullmatch(r"vfn?m(add|sub)(132|213|231)p[sd]", i.mnemonic))

    def is_scalar(self, i):
        return bool(self.width(i) and re.fullmatch(
            r"v?(f(n?m(add|sub))\d+|add|sub|mul|div|min|max|sqrt|rsqrt(14)?|rcp(14)?|cmp\w*|round|"
            r"u?comi|rndscale|scalef|getexp|getmant|cvt\w*)s[sd](2\w+)?|v?cvt\w*2s[sd]l?q?",
            i.mnemonic))

    def is_vector(self, i):
        name = i.mnemonic
        if not self.width(i) or self.is_scalar(i):
            return False
        masked = "{%k" in i.text
        _, memory = self.memory(i)
        if re.match(r"v?(p?maskmov|mov(?!.*2)|lddqu|pbroadcast|broadcast)", name):
            # Between registers only a masked move (a blend), a shuffling one or a broadcast
            # needs a unit.
            if memory:
                return False
            return masked or bool(re.search(r"broadcast|mov[sd]dup|movs[hl]dup|msk", name))
        if re.match(r"v?p?xor", name) and len(set(re.findall(r"%\w+mm\d+", i.text))) == 1:
            return False
        # Extracting a half into memory is a store.
        if re.match(r"v?extract[fi]", name) and memory:
            return False
        return not name.startswith("vzero")

    def bytes_of(self, i, operand):
        name, width = i.mnemonic, self.width(i)
        if match := re.search(r"\{1to(\d+)\}", operand):
            return width // int(match[1])
        if match := re.search(r"(?:broadcast|insert|extract)[fi](?:(32|64)x(\d)|128)", name):
            return int(match[1]) * int(match[2]) // 8 if match[1] else 16
        if width:
            return self.vector_bytes(name, width)
        if match := re.match(r"mov[sz]([bwl])[wlq]$", name):
            return self.SUFFIXES[match[1]]
        for other in i.operands:
            if match := re.fullmatch(r"%(r\w+|e\w\w|k\d)", other):
                if re.fullmatch(r"r\d+d|e..", match[1]):
                    return 4
        return self.SUFFIXES.get(name[-1], 8)

    @staticmethod
    def vector_bytes(name, width):
        if re.match(r"v?(pbroadcastd|broadcastss|movss|movd$|insertps|extractps|pinsrd|pextrd)|"
                    r".*(?<!p)ss$", name) and not name.startswith("vp") or name == "vpbroadcastd":
            return 4
        if re.match(r"v?(pbroadcastq|broadcastsd|movsd|movq$|mov[lh]p[sd]|pinsrq|pextrq)|"
                    r".*(?<!p)sd$", name):
            return 8
        if match := re.match(r"v?pbroadcast([bw])", name):
            return X86.SUFFIXES[match[1]]
        if match := re.match(r"v?pmov[sz]x([bwd])([wdq])", name):
            order = "bwdq"
            return width >> (order.index(match[2]) - order.index(match[1]))
        if re.match(r"v?cvt(ps2pd|dq2pd|ph2ps)", name):
            return width // 2
        return width

    def accesses(self, i):
        index, operand = self.memory(i)
        name = i.mnemonic
        if operand is None or re.match(r"lea|prefetch|nop|v?gather|vp?gather|vp?scatter", name):
            return self.indexed(i, operand) if "gather" in name or "scatter" in name else []
        size = self.bytes_of(i, operand)
        registers = {self.register(r) for r in re.findall(r"%(\w+)", operand.split("{")[0])}
        last = index == len(i.operands) - 1
        only_read = not last or re.match(r"cmp|test|bt|v?u?comi|jmp|call|push|mul|div|idiv", name)
        moves = re.match(r"v?(p?mask)?mov|v?p?extr|vp?compress|set|pop|vcvtps2ph|v?movnt", name)
        loads = size if only_read or not moves else 0
        return [Access(operand.split("{")[0], registers, loads, 0 if only_read else size)]

    def indexed(self, i, operand):
        """A gather touches one element per lane of its destination."""
        if operand is None:
            return []
        size = self.width(i)
        registers = {self.register(r) for r in re.findall(r"%(\w+)", operand.split("{")[0])}
        scatter = "scatter" in i.mnemonic
        return [Access(operand.split("{")[0], registers, 0 if scatter else size,
                       size if scatter else 0)]

    def written(self, i):
        if re.match(r"cmp|test|j|v?u?comi|push|nop|prefetch", i.mnemonic) or not i.operands:
            return set()
        if i.mnemonic.startswith("xchg"):
            return {self.register(o[1:]) for o in i.operands if o.startswith("%")}
        if re.match(r"(i?mul|i?div)[lq]?$", i.mnemonic) and len(i.operands) == 1:
            return {"ax", "dx"}
        last = i.operands[-1].split("{")[0].strip()
        return {self.register(last[1:])} if last.startswith("%") else set()

    def is_vector_move(self, i):
        return bool(self.width(i))


class Arm:
    def __init__(self, body):
        frame = any(isinstance(i, Instruction) and i.operands[:2] == ["x29", "sp"] for i in body)
        self.stack = {"sp", "x29"} if frame else {"sp"}

    @staticmethod
    def register(name):
        return "x" + name[1:] if re.fullmatch(r"w\d+", name) else name

    @staticmethod
    def width(instruction):
        if re.search(r"\bv\d+\.(16b|8h|4s|2d|[bhsd])\b|\bq\d+\b", instruction.text):
            return 16
        return 8 if re.search(r"\bv\d+\.(8b|4h|2s|1d)\b", instruction.text) else 0

    def is_call(self, i):
        return i.mnemonic in ("bl", "blr")

    def is_vector(self, i):
        if not self.width(i) or re.match(r"ld|st|prf|movi|mvni|umov|smov", i.mnemonic):
            return False
        return not (i.mnemonic == "mov" and re.search(r"\.16b", i.text)) and i.mnemonic != "fmov"

    def is_fma(self, i):
        return i.mnemonic in ("fmla", "fmls")

    def is_scalar(self, i):
        return (re.match(r"f(?!mov)|scvtf|ucvtf", i.mnemonic) is not None
                and re.match(r"[hsd]\d+$", i.operands[0]) is not None and not self.width(i))

    def bytes_of(self, i):
        name = i.mnemonic
        if match := re.match(r"(?:ld|st)(\d)(r?)$", name):
            group = i.operands[0]
            lanes = re.findall(r"v\d+\.(\d*)([bhsd])", group)
            if found := re.fullmatch(r"\{\s*v(\d+)\.(\w+)\s*-\s*v(\d+)\.\w+\s*\}", group):
                lanes *= (int(found[3]) - int(found[1]) + 1) // len(lanes)
            element = {"b": 1, "h": 2, "s": 4, "d": 8}
            if match[2] or "[" in group.split("}")[-1]:
                return sum(element[kind] for _, kind in lanes)
            return sum(int(count or 1) * element[kind] for count, kind in lanes)
        if match := re.search(r"(?:ld|st)u?x?r?s?(?:r?s?)([bhw])$", name):
            return {"b": 1, "h": 2, "w": 4}[match[1]]
        size = {"q": 16, "x": 8, "d": 8, "w": 4, "s": 4, "h": 2, "b": 1}[i.operands[0][0]]
        return 2 * size if re.match(r"(ld|st)n?p$", name) else size

    def accesses(self, i):
        if not re.match(r"ld|st", i.mnemonic):
            return []
        where = next((o for o in i.operands if o.startswith("[")), None)
        if where is None:
            return []
        registers = {self.register(r) for r in re.findall(r"\b([xw]\d+|sp)\b", where)}
        size = self.bytes_of(i)
        load = i.mnemonic.startswith("ld")
        return [Access(where, registers, size if load else 0, 0 if load else size)]

    def written(self, i):
        name = i.mnemonic
        result = set()
        where = next((o for o in i.operands if o.startswith("[")), None)
        if where and (where.endswith("!") or i.operands[-1] != where):
            result |= {self.register(r) for r in re.findall(r"\[\s*([xw]\d+|sp)", where)}
        if re.match(r"st|cmp|cmn|tst|b$|b\.|cb|tb|prf|fcmp|ccmp|ret", name):
            return result
        count = 2 if re.match(r"ldn?p", name) else 1
        return result | {self.register(o) for o in i.operands[:count]
                         if re.fullmatch(r"[xw]\d+|sp", o)}

    def is_vector_move(self, i):
        return bool(self.width(i) or re.match(r"[sdq]\d", i.operands[0]))


# ===----------------------------------------------------------------------===#
# Loops
# ===----------------------------------------------------------------------===#

def count_memory(machine, instructions, row):
    advancing = set().union(*[machine.written(i) for i in instructions])
    moved = [(i, access) for i in instructions for access in machine.accesses(i)]
    on_stack = [(i, access) for i, access in moved if access.registers & machine.stack]
    stored = {access.address for _, access in on_stack if access.stored}
    for i, access in on_stack:
        vector = machine.is_vector_move(i)
        if access.stored:
            row["spills" if vector else "saves"] += 1
        elif vector:
            row["reloads" if access.address in stored else "invariants"] += 1
    for _, access in moved:
        still = not access.registers & advancing
        row["repeated"] += access.loaded if still else 0
        row["loaded"] += 0 if still else access.loaded
        row["elements"] += 0 if still or access.loaded > 4 else access.loaded
        row["stored"] += 0 if access.registers & machine.stack else access.stored


def inspect_loop(machine, instructions):
    row = dict.fromkeys(COLUMNS, 0)
    row["insts"] = len(instructions)
    for i in instructions:
        row["vector"] += machine.is_vector(i)
        row["fma"] += machine.is_fma(i)
        row["scalar"] += machine.is_scalar(i)
        row["calls"] += machine.is_call(i)
    row["fma_share"] = round(row["fma"] / row["vector"], 3) if row["vector"] else 0
    row["width"] = max((machine.width(i) for i in instructions), default=0)
    count_memory(machine, instructions, row)
    return row


def inspect(text, function):
    reader = Reader(text)
    rows = []
    for name, body in reader.functions.items():
        if not re.search(function, name):
            continue
        machine = Arm(body) if reader.arm else X86(body)
        blocks = basic_blocks(body, reader.arm)
        loops = natural_loops(successors_of(blocks, reader.arm))
        for header, members in sorted(loops.items()):
            if any(other in members for other in loops if other != header):
                continue
            instructions = [i for block in sorted(members) for i in blocks[block][1]]
            row = inspect_loop(machine, instructions)
            row["function"], row["loop"] = name, (blocks[header][0] or ["entry"])[0]
            row["depth"] = sum(header in outer for outer in loops.values())
            row["blocks"] = len(members)
            rows.append(row)
    return rows


def evaluate(expression, row):
    """Value of an arithmetic comparison over the names of a row."""
    tree = ast.parse(expression, mode="eval")
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id not in row:
            sys.exit(f"unknown name '{node.id}', expected one of {', '.join(sorted(row))}")
        if isinstance(node, (ast.Call, ast.Attribute, ast.Lambda)):
            sys.exit(f"expected a comparison of counts, got '{expression}'")
    return eval(compile(tree, "expression", "eval"), {"__builtins__": {}}, row)


def print_table(rows):
    names = ("function", "loop", "depth") + COLUMNS
    lines = [names] + [tuple(str(row[name]) for name in names) for row in rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(names))]
    for line in lines:
        print("  ".join(cell.ljust(width) if i < 2 else cell.rjust(width)
                        for i, (cell, width) in enumerate(zip(line, widths))).rstrip())


def report(failures):
    sys.stdout.flush()
    for failure in failures:
        print(f"failed: {failure}", file=sys.stderr)
    return 1 if failures else 0


def run_loops(options):
    text = sys.stdin.read() if options.file == "-" else pathlib.Path(options.file).read_text()
    rows = inspect(text, options.function)
    if options.where:
        rows = [row for row in rows if evaluate(options.where, row)]
    if options.json:
        print(json.dumps(rows, indent=1))
    else:
        print_table(rows)
    failures = [f"{row['function']} {row['loop']}: expected {required}"
                for row in rows for required in options.require if not evaluate(required, row)]
    if options.none and rows:
        failures.append(f"expected no such loop, got {len(rows)}")
    if not options.none and len(rows) < options.least:
        failures.append(f"expected at least {options.least} such loops, got {len(rows)}")
    return report(failures)


# ===----------------------------------------------------------------------===#
# Imports
# ===----------------------------------------------------------------------===#

def sections_of(data, path):
    """Sections of an ELF object as structs, and where the object ends."""
    if data[:6] != b"\x7fELF\x02\x01":
        sys.exit(f"{path}: expected an ELF object of 64 bits, little endian")
    start, = struct.unpack_from("<Q", data, 40)
    size, count = struct.unpack_from("<HH", data, 58)
    sections = [struct.unpack_from("<IIQQQQIIQQ", data, start + i * size) for i in range(count)]
    # What LLVM writes ends with the table of sections.
    return sections, start + count * size


def objects_of(path):
    """The objects of a file, one behind the other as `seqc compile --emit=obj` puts
    them, each with its sections."""
    data = pathlib.Path(path).read_bytes()
    while True:
        sections, end = sections_of(data, path)
        yield data[:end], sections
        data = data[end:]
        if not data.strip():
            return


def undefined_symbols(path):
    """Names that the objects of a file leave to others."""
    names = set()
    for data, sections in objects_of(path):
        for _, kind, _, _, offset, length, link, _, _, entry in sections:
            if kind != 2:  # SHT_SYMTAB
                continue
            strings = sections[link][4]
            for at in range(offset + entry, offset + length, entry):
                name, _, _, section = struct.unpack_from("<IBBH", data, at)
                if section == 0:
                    begin = strings + name
                    names.add(data[begin:data.index(b"\0", begin)].decode())
    return sorted(names)


def run_split(options):
    for number, (data, _) in enumerate(objects_of(options.file)):
        path = pathlib.Path(f"{options.prefix}{number}.o")
        path.write_bytes(data)
        print(path)
    return 0


def run_imports(options):
    header = pathlib.Path(options.abi).read_text()
    listed = re.search(r"#define SEQC_KERNEL_IMPORTS\(X\)((?:.*\\\n)*.*)", header)
    if not listed:
        sys.exit(f"{options.abi}: expected a definition of SEQC_KERNEL_IMPORTS")
    allowed = set(re.findall(r"X\((\w+)\)", listed[1]))
    failures = []
    for path in options.files:
        names = undefined_symbols(path)
        print(f"{path}: {' '.join(names) or 'no imports'}")
        failures += [f"{path}: import '{name}' is not in the kernel ABI"
                     for name in names if name not in allowed]
    return report(failures)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    loops = commands.add_parser("loops")
    loops.add_argument("file")
    loops.add_argument("--function", default="")
    loops.add_argument("--where", default="")
    loops.add_argument("--require", action="append", default=[])
    loops.add_argument("--least", type=int, default=1)
    loops.add_argument("--none", action="store_true")
    loops.add_argument("--json", action="store_true")
    imports = commands.add_parser("imports")
    imports.add_argument("files", nargs="+")
    imports.add_argument("--abi", required=True)
    split = commands.add_parser("split")
    split.add_argument("file")
    split.add_argument("prefix")
    options = parser.parse_args()
    return {"loops": run_loops, "imports": run_imports, "split": run_split}[options.command](options)


if __name__ == "__main__":
    sys.exit(main())
