//===- PlanExplain.cpp - plans as tables for people -----------------------===//
#include "runtime/core/Plan.h"

#include <algorithm>

namespace seqc::rt {

static std::string extentText(const Plan &plan, const Extent &extent) {
  if (extent.symbol < 0)
    return std::to_string(extent.addend);
  std::string text = static_cast<size_t>(extent.symbol) < plan.symbols.size()
                         ? plan.symbols[extent.symbol]
                         : "?";
  if (extent.addend > 0)
    text += "+" + std::to_string(extent.addend);
  if (extent.addend < 0)
    text += std::to_string(extent.addend);
  return text;
}

static std::string shapeText(const Plan &plan,
                             const std::vector<Extent> &shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i)
    text += (i ? ", " : "") + extentText(plan, shape[i]);
  return text + "]";
}

static const char *kindText(BufferKind kind) {
  static const char *const names[] = {"input",  "offsets", "positions",
                                      "option", "weight",  "prepared",
                                      "state",  "temp",    "output"};
  return names[static_cast<size_t>(kind)];
}

static std::string join(const std::vector<std::string> &parts) {
  std::string text;
  for (const std::string &part : parts)
    text += (text.empty() ? "" : ", ") + part;
  return text;
}

/// Rows of cells, printed with columns aligned; the last column is not padded.
class Table {
public:
  void add(std::vector<std::string> row) { rows.push_back(std::move(row)); }

  std::string str() const {
    std::vector<size_t> widths;
    for (const std::vector<std::string> &row : rows) {
      widths.resize(std::max(widths.size(), row.size()));
      for (size_t i = 0; i < row.size(); ++i)
        widths[i] = std::max(widths[i], row[i].size());
    }
    std::string text;
    for (const std::vector<std::string> &row : rows) {
      std::string line = " ";
      for (size_t i = 0; i < row.size(); ++i) {
        line += ' ' + row[i];
        line.append(widths[i] - row[i].size() + 1, ' ');
      }
      line.erase(line.find_last_not_of(' ') + 1);
      text += line + '\n';
    }
    return text;
  }

private:
  std::vector<std::vector<std::string>> rows;
};

static std::string explainKernels(const Plan &plan) {
  std::vector<size_t> calls(plan.kernels.size());
  for (const std::vector<PlanStep> *steps : {&plan.prepare, &plan.run})
    for (const PlanStep &step : *steps)
      if (step.kind == StepKind::Kernel)
        ++calls[step.kernel];
  Table table;
  table.add({"#", "kernel", "calls", "scratch", "what", "compiled in",
             "free at run time"});
  for (size_t i = 0; i < plan.kernels.size(); ++i) {
    const PlanKernel &kernel = plan.kernels[i];
    table.add({std::to_string(i), kernel.symbol, std::to_string(calls[i]),
               std::to_string(kernel.scratchBytes), kernel.summary,
               join(kernel.baked), join(kernel.free)});
  }
  return "kernels\n" + table.str();
}

static std::string explainBuffers(const Plan &plan) {
  Table table;
  table.add({"#", "buffer", "kind", "type", "shape", "memory"});
  for (size_t i = 0; i < plan.buffers.size(); ++i) {
    const PlanBuffer &buffer = plan.buffers[i];
    std::string memory = buffer.alias >= 0
                             ? "view of #" + std::to_string(buffer.alias)
                         : buffer.shape == buffer.capacity
                             ? "own"
                             : "own, up to " + shapeText(plan, buffer.capacity);
    table.add({std::to_string(i), buffer.name.empty() ? "-" : buffer.name,
               kindText(buffer.kind), toString(buffer.dtype),
               shapeText(plan, buffer.shape), memory});
  }
  return "buffers\n" + table.str();
}

static std::string explainSteps(const Plan &plan, const char *title,
                                const std::vector<PlanStep> &steps) {
  Table table;
  table.add({"#", "step", "layer", "left out if", "buffers"});
  for (size_t i = 0; i < steps.size(); ++i) {
    const PlanStep &step = steps[i];
    std::string what;
    switch (step.kind) {
    case StepKind::Kernel:
      what = plan.kernels[step.kernel].symbol;
      break;
    case StepKind::Count:
      what = "count " + plan.symbols[step.symbol];
      break;
    case StepKind::Pack:
      what = "pack by " + std::to_string(step.panel);
      break;
    case StepKind::Copy:
      what = "copy";
      break;
    }
    std::vector<std::string> args;
    for (int32_t arg : step.args) {
      const std::string &name = plan.buffers[arg].name;
      args.push_back("#" + std::to_string(arg) +
                     (name.empty() ? "" : " " + name));
    }
    std::string idle =
        step.idleWith < 0 ? "-" : plan.symbols[step.idleWith] + " = 0";
    table.add({std::to_string(i), what, step.layer.empty() ? "-" : step.layer,
               idle, join(args)});
  }
  return std::string(title) + "\n" + table.str();
}

std::string explain(const Plan &plan) {
  std::string text = "model " + plan.model + ", target " + plan.target +
                     (plan.causal ? ", causal" : ", not causal");
  if (plan.maxPositions >= 0)
    text += ", at most " + std::to_string(plan.maxPositions) + " positions";
  text += "\n\n" + explainKernels(plan) + "\n" + explainBuffers(plan);
  if (!plan.prepare.empty())
    text += "\n" + explainSteps(plan, "once per set of weights", plan.prepare);
  return text + "\n" + explainSteps(plan, "per call", plan.run);
}

} // namespace seqc::rt
