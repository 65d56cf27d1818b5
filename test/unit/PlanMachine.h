//===- PlanMachine.h - a plan run step by step, for tests -----------------===//
//
// Buffers have real memory and share it as the plan says; kernels are whatever
// the caller gives: interpreted, or machine code.
//
//===----------------------------------------------------------------------===//
#ifndef SEQC_TEST_UNIT_PLANMACHINE_H
#define SEQC_TEST_UNIT_PLANMACHINE_H

#include "codegen/cpu/CpuTarget.h"
#include "codegen/cpu/KernelLoader.h"
#include "passes/Analysis/Overwrites.h"
#include "runtime/abi/KernelAbi.h"
#include "runtime/core/Plan.h"
#include "runtime/interpreter/Interpreter.h"
#include "runtime/jit/KernelCompiler.h"
#include "seqc/Tensor.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "gtest/gtest.h"

#include <cmath>
#include <functional>
#include <map>

namespace seqc::test {

using namespace seqc::rt;
using interpreter::NamedValues;
using interpreter::Shape;
using interpreter::Value;

inline const char *roleOf(BufferKind kind) {
  switch (kind) {
  case BufferKind::Input:
    return "input.";
  case BufferKind::Option:
    return "option.";
  case BufferKind::Weight:
    return "weight.";
  case BufferKind::State:
    return "state.";
  case BufferKind::Output:
    return "output.";
  default:
    return "";
  }
}

/// Calls a kernel: values of its arguments to those of its results. `owners`
/// says which arguments share memory.
using KernelCall = std::function<Result<std::vector<Value>>(
    const std::string &symbol, std::vector<Value> arguments,
    const std::vector<int32_t> &owners)>;

/// Whether a kernel reads an argument (a result, behind the inputs) for the
/// last time as it writes that result, entry by entry.
inline bool mayTakeMemory(mlir::ModuleOp module, const std::string &symbol,
                          size_t argument, size_t result) {
  auto kernel = module.lookupSymbol<mlir::func::FuncOp>(symbol);
  size_t inputs = kernel.getNumArguments() - kernel.getNumResults();
  mlir::Operation *ret = kernel.getBody().front().getTerminator();
  mlir::Value value = argument < inputs ? kernel.getArgument(argument)
                                        : ret->getOperand(argument - inputs);
  return passes::resultOver(kernel, value) == unsigned(result);
}

/// Memory of one kernel argument as machine code sees it.
class ArgumentMemory {
public:
  explicit ArgumentMemory(const Value &value)
      : tensor(value.isFloat() ? DType::F32 : DType::I32, value.shape()) {
    for (int64_t i = 0; i < value.size(); ++i)
      if (value.isFloat())
        tensor.as<float>()[i] = float(value.f()[i]);
      else
        tensor.as<int32_t>()[i] = int32_t(value.i()[i]);
  }
  SeqcBuffer buffer() {
    SeqcBuffer made{tensor.data(), {1, 1, 1, 1}};
    for (size_t d = 0; d < tensor.shape().size(); ++d)
      made.dims[d] = tensor.shape()[d];
    return made;
  }
  Value value() const {
    int64_t size = tensor.size();
    if (tensor.dtype() == DType::F32)
      return Value::floats(
          tensor.shape(),
          std::vector<double>(tensor.as<float>(), tensor.as<float>() + size));
    return Value::ints(tensor.shape(),
                       std::vector<int64_t>(tensor.as<int32_t>(),
                                            tensor.as<int32_t>() + size));
  }

private:
  Tensor tensor;
};

/// The kernels of a partitioned module as machine code.
class CompiledKernels {
public:
  void compile(mlir::ModuleOp module, const codegen::CpuTarget &target) {
    std::vector<std::string> objects, symbols;
    for (const jit::KernelSource &source :
         jit::extractKernels(module, target)) {
      Result<jit::KernelArtifact> artifact = jit::compileKernel(source, target);
      ASSERT_TRUE(artifact.ok())
          << source.symbol << ": " << artifact.status().str();
      auto function = module.lookupSymbol<mlir::func::FuncOp>(source.symbol);
      kernels[source.symbol] = {symbols.size(), function.getNumResults(),
                                artifact->scratchBytes};
      objects.push_back(std::move(artifact->object));
      symbols.push_back(source.symbol);
      symbols.push_back(source.symbol + "_tasks");
    }
    auto loader = codegen::KernelLoader::create();
    ASSERT_TRUE(static_cast<bool>(loader));
    auto loaded = (*loader)->load(objects, symbols);
    ASSERT_TRUE(static_cast<bool>(loaded))
        << llvm::toString(loaded.takeError());
    code = std::move(*loaded);
  }

  std::vector<Value> call(const std::string &symbol,
                          const std::vector<Value> &arguments,
                          const std::vector<int32_t> &owners) {
    const Kernel &kernel = kernels.at(symbol);
    auto run = reinterpret_cast<SeqcKernelFn>(code->addresses[kernel.address]);
    auto tasks =
        reinterpret_cast<SeqcTasksFn>(code->addresses[kernel.address + 1]);
    std::vector<ArgumentMemory> memory(arguments.begin(), arguments.end());
    std::vector<SeqcBuffer> buffers;
    std::vector<size_t> places;
    for (size_t i = 0; i < memory.size(); ++i) {
      size_t at = 0;
      while (at < i && (owners[at] != owners[i] ||
                        arguments[at].shape() != arguments[i].shape()))
        ++at;
      places.push_back(at);
      buffers.push_back(memory[at].buffer());
    }
    Tensor scratch(DType::U8, {kernel.scratch});
    // Any split in any order: the second half goes first.
    int64_t count = tasks(buffers.data()), half = count / 2;
    run(buffers.data(), half, count, scratch.data());
    run(buffers.data(), 0, half, scratch.data());
    std::vector<Value> results;
    for (size_t i = memory.size() - kernel.results; i < memory.size(); ++i)
      results.push_back(memory[places[i]].value());
    return results;
  }

private:
  struct Kernel {
    size_t address;
    size_t results;
    int64_t scratch;
  };
  std::map<std::string, Kernel> kernels;
  std::shared_ptr<codegen::LoadedCode> code;
};

/// Runs a plan's steps on buffers that share memory as the plan says. `module`
/// has the kernels.
class PlanMachine {
public:
  PlanMachine(const Plan &plan, mlir::ModuleOp module, KernelCall kernels)
      : plan(plan), module(module), kernels(std::move(kernels)),
        memory(plan.buffers.size()), symbols(plan.symbols.size(), 0) {}

  void prepare(const NamedValues &values) {
    load(values, BufferKind::Weight);
    run(plan.prepare);
  }

  NamedValues call(const NamedValues &values) {
    symbols[kSymbolSequences] = values.at("builtin.offsets").size() - 1;
    symbols[kSymbolRows] = values.at("builtin.positions").size();
    for (size_t i = 0; i < plan.buffers.size(); ++i) {
      BufferKind kind = plan.buffers[i].kind;
      if (kind == BufferKind::Offsets)
        memory[i] = values.at("builtin.offsets");
      if (kind == BufferKind::Positions)
        memory[i] = values.at("builtin.positions");
      // What an earlier call left must not be read.
      if (kind == BufferKind::Temp || kind == BufferKind::Output)
        memory[i] = Value();
    }
    for (BufferKind kind :
         {BufferKind::Input, BufferKind::Option, BufferKind::State})
      load(values, kind);
    run(plan.run);
    NamedValues results;
    for (size_t i = 0; i < plan.buffers.size(); ++i) {
      const PlanBuffer &buffer = plan.buffers[i];
      if (buffer.alias < 0 && (buffer.kind == BufferKind::State ||
                               buffer.kind == BufferKind::Output))
        results[roleOf(buffer.kind) + buffer.name] = read(int32_t(i));
    }
    return results;
  }

private:
  void load(const NamedValues &values, BufferKind kind) {
    for (size_t i = 0; i < plan.buffers.size(); ++i)
      if (plan.buffers[i].kind == kind && plan.buffers[i].alias < 0)
        memory[i] = values.at(roleOf(kind) + plan.buffers[i].name);
  }

  Shape shapeOf(const std::vector<Extent> &extents) const {
    Shape shape;
    for (const Extent &extent : extents)
      shape.push_back(extent.addend +
                      (extent.symbol < 0 ? 0 : symbols[extent.symbol]));
    return shape;
  }
  int32_t owner(int32_t buffer) const {
    return plan.buffers[buffer].alias < 0 ? buffer : plan.buffers[buffer].alias;
  }

  /// Memory of the owner, made of not-a-number where it has none yet.
  Value &memoryOf(int32_t buffer) {
    int32_t at = owner(buffer);
    if (!memory[at]) {
      Shape shape = shapeOf(plan.buffers[at].capacity);
      int64_t size = interpreter::elementCount(shape);
      memory[at] =
          plan.buffers[at].dtype == DType::F32
              ? Value::floats(shape, std::vector<double>(size, std::nan("")))
              : Value::ints(shape, std::vector<int64_t>(size, -1));
    }
    return memory[at];
  }

  Value read(int32_t buffer) {
    const Value &all = memoryOf(buffer);
    Shape shape = shapeOf(plan.buffers[buffer].shape);
    int64_t size = interpreter::elementCount(shape);
    EXPECT_LE(size, all.size());
    if (all.isFloat())
      return Value::floats(shape, std::vector<double>(all.f(), all.f() + size));
    return Value::ints(shape, std::vector<int64_t>(all.i(), all.i() + size));
  }

  void write(int32_t buffer, const Value &value) {
    ASSERT_EQ(value.shape(), shapeOf(plan.buffers[buffer].shape));
    Value &all = memoryOf(buffer);
    ASSERT_LE(value.size(), all.size());
    if (value.isFloat())
      std::copy_n(value.f(), value.size(), all.mutableF());
    else
      std::copy_n(value.i(), value.size(), all.mutableI());
  }

  void runKernel(const PlanStep &step) {
    const std::string &symbol = plan.kernels[step.kernel].symbol;
    std::vector<Value> arguments;
    for (int32_t arg : step.args)
      arguments.push_back(read(arg));
    size_t count = arguments.size();
    std::vector<int32_t> owners;
    for (int32_t arg : step.args)
      owners.push_back(owner(arg));
    Result<std::vector<Value>> results =
        kernels(symbol, std::move(arguments), owners);
    ASSERT_TRUE(results.ok()) << symbol << ": " << results.status().str();
    size_t first = count - results->size();
    for (size_t i = 0; i < results->size(); ++i) {
      bool overwritten = false;
      for (size_t a = 0; a < count; ++a) {
        if (a == first + i || owners[a] != owners[first + i])
          continue;
        bool isLost = mayTakeMemory(module, symbol, a, i);
        bool loses =
            a >= first && mayTakeMemory(module, symbol, first + i, a - first);
        EXPECT_TRUE(isLost || loses) << symbol;
        overwritten |= loses;
      }
      if (!overwritten)
        write(step.args[first + i], (*results)[i]);
    }
  }

  void runPack(const PlanStep &step) {
    Value source = read(step.args[0]);
    int64_t n = source.extent(0), k = source.extent(1), panel = step.panel;
    Value target = Value::floats({(n + panel - 1) / panel, k, panel});
    double *out = target.mutableF();
    for (int64_t i = 0; i < n; ++i)
      for (int64_t j = 0; j < k; ++j)
        out[((i / panel) * k + j) * panel + i % panel] = source.f()[i * k + j];
    write(step.args[1], target);
  }

  void run(const std::vector<PlanStep> &steps) {
    for (const PlanStep &step : steps)
      switch (step.kind) {
      case StepKind::Kernel:
        runKernel(step);
        break;
      case StepKind::Count: {
        Value packed = read(step.args[0]);
        symbols[step.symbol] = packed.i()[packed.size() - 1];
        break;
      }
      case StepKind::Pack:
        runPack(step);
        break;
      case StepKind::Copy:
        write(step.args[1], read(step.args[0]));
        break;
      }
  }

  const Plan &plan;
  mlir::ModuleOp module;
  KernelCall kernels;
  std::vector<Value> memory; ///< by owner
  std::vector<int64_t> symbols;
};

} // namespace seqc::test

#endif // SEQC_TEST_UNIT_PLANMACHINE_H
