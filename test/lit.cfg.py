# lit configuration: tools come from the build, utilities from LLVM.
import os
import pathlib
import shutil
import subprocess
import sys
import lit.formats
from lit.llvm import llvm_config

config.name = "seqc"
config.test_format = lit.formats.ShTest(not llvm_config.use_lit_shell)
config.suffixes = [".mlir", ".test"]
config.excludes = ["goldens", "lib", "tools", "unit", "CMakeLists.txt", "Inputs"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.seqc_obj_root, "test")

llvm_config.use_default_substitutions()
# `not` and `split-file` come without a substitution.
llvm_config.with_environment("PATH", config.llvm_tools_dir, append_path=True)
llvm_config.with_environment("FILECHECK_OPTS", "-enable-var-scope --allow-unused-prefixes=false")
tool_dirs = [os.path.join(config.seqc_obj_root, "bin"), config.llvm_tools_dir]
llvm_config.add_tool_substitutions(["seqc-opt", "seqc-import", "seqc", "mlir-opt"], tool_dirs)
config.substitutions.append(("%src", config.seqc_src_root))
config.substitutions.append(("%python", sys.executable))
exits = os.path.join(config.test_source_root, "tools", "exits.py")
config.substitutions.append(("%exits", f"{sys.executable} {exits}"))
inspect = os.path.join(config.test_source_root, "tools", "inspect_asm.py")
config.substitutions.append(("%inspect", f"{sys.executable} {inspect}"))
config.substitutions.append(("%obj", config.seqc_obj_root))
# Tests never touch the user's cache.
config.environment["SEQC_CACHE_DIR"] = os.path.join(config.test_exec_root, "cache")
for variable in ("SEQC_GOLDENS", "SEQC_PEERS"):
    if os.environ.get(variable):
        config.environment[variable] = os.environ[variable]
        config.available_features.add(variable.lower().replace("_", "-"))
# Instruction sets that this machine can run, for tests of the narrower ones.
cpuinfo = pathlib.Path("/proc/cpuinfo")
flags = cpuinfo.read_text().split() if cpuinfo.exists() else []
if "avx2" in flags and "fma" in flags:
    config.available_features.add("avx2")
# A small disk of one's own, to fill.
small_disk = ["unshare", "-rm", "mount", "-t", "tmpfs", "none", "/mnt"]
if shutil.which("unshare") and subprocess.run(small_disk, capture_output=True).returncode == 0:
    config.available_features.add("tmpfs")
if os.geteuid() != 0:
    config.available_features.add("not-root")
