//===- Roofline.cpp - what this machine can do at best --------------------===//

#include "runtime/jit/Roofline.h"

#include "codegen/cpu/KernelLoader.h"
#include "codegen/cpu/ObjectCompiler.h"
#include "passes/Pipelines.h"
#include "runtime/abi/KernelAbi.h"
#include "runtime/jit/Registry.h"
#include "seqc/Tensor.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"

#include <chrono>
#include <cstring>

using namespace seqc;

static constexpr int kAccumulators = 12;
static constexpr int64_t kFmaSteps = 1 << 16;
static constexpr int kReadVectors = 8;
static constexpr int kExpVectors = 4;
static constexpr int64_t kExpFloats = 2048;

/// `kAccumulators` independent chains of multiply-adds.
static std::string fmaKernel(const codegen::CpuTarget &target) {
  std::string type =
      "vector<" + std::to_string(target.vectorBits / 32) + "xf32>";
  std::string names, values, types, body, yielded;
  for (int i = 0; i < kAccumulators; ++i) {
    std::string n = std::to_string(i), comma = i ? ", " : "";
    names += comma + "%a" + n + " = %start";
    types += comma + type;
    yielded += comma + "%s" + n;
    if (target.fma)
      body += "      %s" + n + " = vector.fma %a" + n +
              ", %x, %start : " + type + "\n";
    else
      body += "      %m" + n + " = arith.mulf %a" + n + ", %x : " + type +
              "\n      %s" + n + " = arith.addf %m" + n + ", %start : " + type +
              "\n";
  }
  std::string sums, last = "%r#0";
  for (int i = 1; i < kAccumulators; ++i) {
    std::string n = std::to_string(i);
    sums += "    %t" + n + " = arith.addf " + last + ", %r#" + n + " : " +
            type + "\n";
    last = "%t" + n;
  }
  return "func.func private @peak(%o: memref<64xf32>) attributes {seqc.kernel} "
         "{\n"
         "  %c0 = arith.constant 0 : index\n  %c1 = arith.constant 1 : index\n"
         "  %n = arith.constant " +
         std::to_string(kFmaSteps) +
         " : index\n  scf.forall (%task) in (1) {\n    %start = vector.load "
         "%o[%c0] : memref<64xf32>, " +
         type + "\n    %x = vector.load %o[%c1] : memref<64xf32>, " + type +
         "\n    %r:" + std::to_string(kAccumulators) +
         " = scf.for %i = %c0 to %n step %c1 iter_args(" + names + ") -> (" +
         types + ") {\n" + body + "      scf.yield " + yielded + " : " + types +
         "\n    }\n" + sums + "    vector.store " + last +
         ", %o[%c0] : memref<64xf32>, " + type + "\n  }\n  return\n}\n";
}

/// The least that an exponential of f32 needs: 2^k p(u - k) with u = x log2 e,
/// k the integer part of u and p of degree 5. What a kernel does beyond that,
/// for the ends of the range and the last bits, counts as its own.
static std::string expVector(const std::string &n, const std::string &type,
                             const std::string &integers, bool fma) {
  auto line = [&](const std::string &name, const std::string &op) {
    return "      %" + name + n + " = " + op + "\n";
  };
  std::string text =
      line("u", "arith.mulf %v" + n + ", %log2e : " + type) +
      line("k", "arith.fptosi %u" + n + " : " + type + " to " + integers) +
      line("f", "arith.sitofp %k" + n + " : " + integers + " to " + type) +
      line("r", "arith.subf %u" + n + ", %f" + n + " : " + type);
  std::string last = "%c5";
  for (int degree = 4; degree >= 0; --degree) {
    std::string d = std::to_string(degree), name = "p" + d + "_";
    if (fma)
      text += line(name, "vector.fma " + last + ", %r" + n + ", %c" + d +
                             " : " + type);
    else
      text +=
          line("m" + d + "_",
               "arith.mulf " + last + ", %r" + n + " : " + type) +
          line(name, "arith.addf %m" + d + "_" + n + ", %c" + d + " : " + type);
    last = "%" + name + n;
  }
  return text + line("e", "arith.shli %k" + n + ", %mantissa : " + integers) +
         line("b", "arith.bitcast " + last + " : " + type + " to " + integers) +
         line("s", "arith.addi %b" + n + ", %e" + n + " : " + integers) +
         line("y", "arith.bitcast %s" + n + " : " + integers + " to " + type);
}

/// Exponentials of one buffer into another.
static std::string expKernel(const codegen::CpuTarget &target) {
  int64_t lanes = target.vectorBits / 32;
  std::string shape = "vector<" + std::to_string(lanes), type = shape + "xf32>",
              integers = shape + "xi32>";
  std::string constants =
      "  %mantissa = arith.constant dense<23> : " + integers +
      "\n  %log2e = arith.constant " + "dense<1.44269504> : " + type + "\n";
  const char *coefficients[] = {"0.99999993", "0.69315297", "0.24015453",
                                "0.0558236",  "0.00899258", "0.00187623"};
  for (int i = 0; i < 6; ++i)
    constants += "  %c" + std::to_string(i) + " = arith.constant dense<" +
                 coefficients[i] + "> : " + type + "\n";
  std::string body;
  for (int i = 0; i < kExpVectors; ++i) {
    std::string n = std::to_string(i);
    body += "      %o" + n + " = arith.constant " + std::to_string(i * lanes) +
            " : index\n      %i" + n + " = arith.addi %i, %o" + n +
            " : index\n      %v" + n + " = vector.load %x[%i" + n +
            "] : memref<?xf32>, " + type + "\n" +
            expVector(n, type, integers, target.fma) + "      vector.store %y" +
            n + ", %z[%i" + n + "] : memref<?xf32>, " + type + "\n";
  }
  return "func.func private @exps(%x: memref<?xf32>, %z: memref<?xf32>) "
         "attributes {seqc.kernel} {\n  %c0x = arith.constant 0 : index\n"
         "  %step = arith.constant " +
         std::to_string(kExpVectors * lanes) +
         " : index\n  %n = memref.dim %x, %c0x : memref<?xf32>\n" + constants +
         "  scf.forall (%task) in (1) {\n    scf.for %i = %c0x to %n step "
         "%step {\n" +
         body + "    }\n  }\n  return\n}\n";
}

/// Adds up a buffer, `kReadVectors` vectors a step.
static std::string readKernel(const codegen::CpuTarget &target) {
  int64_t lanes = target.vectorBits / 32;
  std::string type = "vector<" + std::to_string(lanes) + "xf32>";
  std::string names, types, body, yielded, sums, last = "%r#0";
  for (int i = 0; i < kReadVectors; ++i) {
    std::string n = std::to_string(i), comma = i ? ", " : "";
    names += comma + "%a" + n + " = %zero";
    types += comma + type;
    yielded += comma + "%s" + n;
    body += "      %o" + n + " = arith.constant " + std::to_string(i * lanes) +
            " : index\n" + "      %p" + n + " = arith.addi %i, %o" + n +
            " : index\n      %v" + n + " = vector.load %b[%p" + n +
            "] : memref<?xf32>, " + type + "\n      %s" + n +
            " = arith.addf %a" + n + ", %v" + n + " : " + type + "\n";
    if (i) {
      sums += "    %t" + n + " = arith.addf " + last + ", %r#" + n + " : " +
              type + "\n";
      last = "%t" + n;
    }
  }
  return "func.func private @read(%b: memref<?xf32>, %o: memref<64xf32>) "
         "attributes {seqc.kernel} "
         "{\n  %c0 = arith.constant 0 : index\n  %step = arith.constant " +
         std::to_string(kReadVectors * lanes) +
         " : index\n  %n = memref.dim %b, %c0 : memref<?xf32>\n"
         "  %zero = arith.constant dense<0.0> : " +
         type + "\n  scf.forall (%task) in (1) {\n    %r:" +
         std::to_string(kReadVectors) +
         " = scf.for %i = %c0 to %n step %step iter_args(" + names + ") -> (" +
         types + ") {\n" + body + "      scf.yield " + yielded + " : " + types +
         "\n    }\n" + sums + "    vector.store " + last +
         ", %o[%c0] : memref<64xf32>, " + type + "\n  }\n  return\n}\n";
}

static Result<std::string> compileText(const std::string &text,
                                       const codegen::CpuTarget &target) {
  mlir::MLIRContext context(jit::compilerRegistry(),
                            mlir::MLIRContext::Threading::DISABLED);
  auto module = mlir::parseSourceString<mlir::ModuleOp>(
      text, mlir::ParserConfig(&context));
  mlir::PassManager manager(&context);
  passes::addPhase(manager, passes::Phase::Lower);
  if (!module || mlir::failed(manager.run(*module)))
    return Status::error(ErrorCode::Internal,
                         "the roofline kernels do not compile");
  llvm::Expected<std::string> object =
      codegen::compileForCpu(*module, target, codegen::CpuOutput::Object);
  if (!object)
    return Status::error(ErrorCode::CompileFailed,
                         llvm::toString(object.takeError()));
  return std::move(*object);
}

/// Smallest time of a call in seconds, over at least `seconds` of calls.
template <class Fn> static double bestTime(double seconds, Fn &&call) {
  using Clock = std::chrono::steady_clock;
  double best = 1e30;
  Clock::time_point end =
      Clock::now() + std::chrono::duration_cast<Clock::duration>(
                         std::chrono::duration<double>(seconds));
  do {
    Clock::time_point start = Clock::now();
    call();
    best = std::min(
        best, std::chrono::duration<double>(Clock::now() - start).count());
  } while (Clock::now() < end);
  return best;
}

Result<jit::Roofline> jit::measureRoofline(const std::string &name) {
  llvm::Expected<codegen::CpuTarget> target = codegen::parseCpuTarget(name);
  if (!target)
    return Status::error(ErrorCode::InvalidArgument,
                         llvm::toString(target.takeError()));
  if (!codegen::isRunnable(*target))
    return Status::error(ErrorCode::Unavailable,
                         "this machine cannot run " + target->name);
  Result<std::string> peak = compileText(fmaKernel(*target), *target);
  Result<std::string> read = compileText(readKernel(*target), *target);
  Result<std::string> exps = compileText(expKernel(*target), *target);
  for (const auto *object : {&peak, &read, &exps})
    if (!*object)
      return object->status();
  auto loader = codegen::KernelLoader::create();
  if (!loader)
    return Status::error(ErrorCode::Internal,
                         llvm::toString(loader.takeError()));
  auto code = (*loader)->load({*peak, *read, *exps}, {"peak", "read", "exps"});
  if (!code)
    return Status::error(ErrorCode::Internal, llvm::toString(code.takeError()));
  auto *runPeak = reinterpret_cast<SeqcKernelFn>((*code)->addresses[0]);
  auto *runRead = reinterpret_cast<SeqcKernelFn>((*code)->addresses[1]);

  Roofline result;
  Tensor sink(DType::F32, {64});
  SeqcBuffer peakArgs[] = {{sink.data(), {64, 1, 1, 1}}};
  double flops =
      2.0 * kAccumulators * (double(target->vectorBits) / 32) * kFmaSteps;
  result.fmaGflops =
      flops / bestTime(0.05, [&] { runPeak(peakArgs, 0, 1, nullptr); }) / 1e9;
  auto *runExps = reinterpret_cast<SeqcKernelFn>((*code)->addresses[2]);
  Tensor from(DType::F32, {kExpFloats}), to(DType::F32, {kExpFloats});
  SeqcBuffer expArgs[] = {{from.data(), {kExpFloats, 1, 1, 1}},
                          {to.data(), {kExpFloats, 1, 1, 1}}};
  constexpr int kExpCalls = 100; // a call alone is close to the clock's step
  result.expGops = double(kExpCalls * kExpFloats) /
                   bestTime(0.03,
                            [&] {
                              for (int i = 0; i < kExpCalls; ++i)
                                runExps(expArgs, 0, 1, nullptr);
                            }) /
                   1e9;
  auto measureRead = [&](int64_t floats, double seconds) {
    Tensor buffer(DType::F32, {floats});
    SeqcBuffer args[] = {{buffer.data(), {floats, 1, 1, 1}},
                         {sink.data(), {64, 1, 1, 1}}};
    return 4.0 * double(floats) /
           bestTime(seconds, [&] { runRead(args, 0, 1, nullptr); }) / 1e9;
  };
  result.l2ReadGbs = measureRead(64 << 10, 0.03);
  result.readGbs = measureRead(64 << 20, 0.1);
  return result;
}
