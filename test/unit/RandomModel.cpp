//===- RandomModel.cpp - models of random ops, as text --------------------===//

#include "RandomModel.h"

#include <random>
#include <vector>

namespace {

/// Values that the next ops may read; all of eight columns.
struct Pool {
  std::vector<std::string> values;
  std::string extent; ///< index value
  std::string init;   ///< fresh tensor of this extent and eight columns
};

class Writer {
public:
  explicit Writer(unsigned seed) : random(seed) {}
  std::string model(int ops);

private:
  int below(int limit) { return int(random() % unsigned(limit)); }
  std::string fresh() { return "%v" + std::to_string(next++); }
  const std::string &pick(const Pool &pool) {
    return pool.values[below(int(pool.values.size()))];
  }
  Pool &anyPool() { return below(3) ? full : active; }
  std::string weight(const std::string &shape);
  std::string state(const std::string &type);
  void line(const std::string &text) { body += "    " + text + "\n"; }

  void prologue();
  void op();
  void map(Pool &pool);
  void scale(Pool &pool);
  void accumulate(Pool &pool);
  void product(Pool &pool);
  void norm(Pool &pool);
  void scan();
  void gather();
  void scatter();
  void attend();
  void ring();
  void pool();

  std::mt19937 random;
  int next = 0;
  std::string arguments, body, results, resultTypes, returned;
  Pool full, active, pooled;
};

const char *kRows = "tensor<?x8xf32>";

std::string Writer::weight(const std::string &shape) {
  std::string value = fresh();
  arguments += ",\n      " + value + ": tensor<" + shape +
               "xf32> {seqc.weight = \"" + value.substr(1) + "\"}";
  return value;
}

std::string Writer::state(const std::string &type) {
  std::string value = fresh();
  arguments += ",\n      " + value + ": " + type + " {seqc.state = \"" +
               value.substr(1) + "\"}";
  return value;
}

void Writer::prologue() {
  line("%c0 = arith.constant 0 : index");
  line("%c1 = arith.constant 1 : index");
  line("%zero = arith.constant 0.0 : f32");
  line("%rows = tensor.dim %x, %c0 : tensor<?x8xf32>");
  line("%ends = tensor.dim %off, %c0 : tensor<?xi32>");
  line("%sequences = arith.subi %ends, %c1 : index");
  line("%e = tensor.empty(%rows) : tensor<?x8xf32>");
  line("%ae = tensor.empty(%rows) : tensor<?xi32>");
  line("%ce = tensor.empty(%rows) : tensor<?xf32>");
  line("%pe = tensor.empty(%ends) : tensor<?xi32>");
  line("%oe = tensor.empty(%sequences) : tensor<?x8xf32>");
  line("%logits = tensor.extract_slice %x[0, 3] [%rows, 2] [1, 1] : "
       "tensor<?x8xf32> to "
       "tensor<?x2xf32>");
  line("%a, %conf = seqc.route ins(%logits, %bias, %temperature : "
       "tensor<?x2xf32>, "
       "tensor<1xf32>, tensor<1xf32>) outs(%ae, %ce : tensor<?xi32>, "
       "tensor<?xf32>) -> "
       "tensor<?xi32>, tensor<?xf32>");
  line("%idx, %packed = seqc.compress ins(%a, %off : tensor<?xi32>, "
       "tensor<?xi32>) "
       "outs(%ae, %pe : tensor<?xi32>, tensor<?xi32>) -> tensor<?xi32>, "
       "tensor<?xi32>");
  line("%n = seqc.count %packed {gate = \"gate\"} : tensor<?xi32>");
  line("%ge = tensor.empty(%n) : tensor<?x8xf32>");
  line("%g = seqc.gather_rows ins(%y, %idx : tensor<?x8xf32>, tensor<?xi32>) "
       "outs(%ge : "
       "tensor<?x8xf32>) -> tensor<?x8xf32>");
  full = {{"%x", "%y"}, "%rows", "%e"};
  active = {{"%g"}, "%n", "%ge"};
  pooled = {{}, "%sequences", "%oe"};
}

static const char *kGeneric = "linalg.generic {indexing_maps = [";
static const char *kIterators =
    "], iterator_types = [\"parallel\", \"parallel\"]} ins(";

void Writer::map(Pool &pool) {
  std::string value = fresh(), a = pick(pool), b = pick(pool);
  line(value + " = " + kGeneric + "#td, #td, #td" + kIterators + a + ", " + b +
       " : " + kRows + ", " + kRows + ") outs(" + pool.init + " : " + kRows +
       ") {");
  line("^bb0(%p: f32, %q: f32, %o: f32):");
  line("  %s = arith.addf %p, %q : f32");
  line("  %t = math.tanh %s : f32");
  line("  linalg.yield %t : f32");
  line(std::string("} -> ") + kRows);
  pool.values.push_back(value);
}

void Writer::scale(Pool &pool) {
  // The factor is a row of a weight, or computed from one.
  std::string w = weight("2x8"), row = fresh(), value = fresh(), a = pick(pool);
  line(row + " = tensor.extract_slice " + w + "[" + std::to_string(below(2)) +
       ", 0] [1, 8] [1, 1] : tensor<2x8xf32> to tensor<8xf32>");
  if (below(2)) {
    std::string empty = fresh(), computed = fresh();
    line(empty + " = tensor.empty() : tensor<8xf32>");
    line(computed + " = linalg.exp ins(" + row + " : tensor<8xf32>) outs(" +
         empty + " : tensor<8xf32>) -> tensor<8xf32>");
    row = computed;
  }
  line(value + " = " + kGeneric + "#td, #d, #td" + kIterators + a + ", " + row +
       " : " + kRows + ", tensor<8xf32>) outs(" + pool.init + " : " + kRows +
       ") {");
  line("^bb0(%p: f32, %q: f32, %o: f32):");
  line("  %s = arith.mulf %p, %q : f32");
  line("  linalg.yield %s : f32");
  line(std::string("} -> ") + kRows);
  pool.values.push_back(value);
}

/// Adds into a value that others may still read.
void Writer::accumulate(Pool &pool) {
  std::string value = fresh(), a = pick(pool), into = pick(pool);
  line(value + " = " + kGeneric + "#td, #td" + kIterators + a + " : " + kRows +
       ") outs(" + into + " : " + kRows + ") {");
  line("^bb0(%p: f32, %o: f32):");
  line("  %s = arith.addf %p, %o : f32");
  line("  %t = math.tanh %s : f32");
  line("  linalg.yield %t : f32");
  line(std::string("} -> ") + kRows);
  pool.values.push_back(value);
}

/// A product of 8 to 20 columns, read by slices, or of 8 to 8, read as it is.
void Writer::product(Pool &pool) {
  int columns = below(3) ? 8 + below(13) : 8;
  std::string n = std::to_string(columns), type = "tensor<?x" + n + "xf32>";
  std::string w = weight(n + "x8"), empty = fresh(), init = fresh(),
              value = fresh();
  line(empty + " = tensor.empty(" + pool.extent + ") : " + type);
  line(init + " = linalg.fill ins(%zero : f32) outs(" + empty + " : " + type +
       ") -> " + type);
  line(value + " = linalg.matmul indexing_maps = [#a, #b, #c] ins(" +
       pick(pool) + ", " + w + " : " + kRows + ", tensor<" + n +
       "x8xf32>) outs(" + init + " : " + type + ") -> " + type);
  if (columns == 8) {
    pool.values.push_back(value);
    return;
  }
  for (int i = 0; i < 2; ++i) {
    std::string slice = fresh();
    line(slice + " = tensor.extract_slice " + value + "[0, " +
         std::to_string(below(columns - 7)) + "] [" + pool.extent +
         ", 8] [1, 1] : " + type + " to " + kRows);
    pool.values.push_back(slice);
  }
}

void Writer::norm(Pool &pool) {
  std::string value = fresh(), gain = weight("8");
  line(value + " = seqc.norm rms {eps = 1.0e-03 : f32} ins(" + pick(pool) +
       " : " + kRows + ") gain(" + gain + " : tensor<8xf32>) outs(" +
       pool.init + " : " + kRows + ") -> " + kRows);
  pool.values.push_back(value);
}

void Writer::scan() {
  bool carried = below(2);
  std::string value = fresh(), decay = weight("8"), initial;
  if (carried) {
    initial = state(kRows);
  } else {
    std::string filled = fresh();
    line(filled +
         " = linalg.fill ins(%zero : f32) outs(%oe : tensor<?x8xf32>) -> "
         "tensor<?x8xf32>");
    initial = filled;
  }
  line(value + ":2 = seqc.scan {direction = #seqc.direction<" +
       (carried || below(2) ? "forward" : "reverse") +
       ">, delays = array<i64: 0>, maps = [#s_td, #s_d, #s_td, #s_d]} inputs(" +
       pick(full) + " : " + kRows + ") params(" + decay +
       " : tensor<8xf32>) offsets(%off : tensor<?xi32>) outs(%e : " + kRows +
       ") states(" + initial + " : " + kRows + ") {");
  line("^bb0(%p: f32, %q: f32, %h: f32):");
  line("  %m = arith.mulf %q, %h : f32");
  line("  %s = arith.addf %m, %p : f32");
  line("  seqc.yield %s, %s : f32, f32");
  line(std::string("} -> ") + kRows + ", " + kRows);
  full.values.push_back(value + "#0");
  if (!carried)
    return;
  results += std::string(", ") + kRows + " {seqc.state = \"" +
             initial.substr(1) + "\"}";
  returned += ", " + value + "#1";
  resultTypes += std::string(", ") + kRows;
}

void Writer::gather() {
  std::string value = fresh();
  line(value + " = seqc.gather_rows ins(" + pick(full) + ", %idx : " + kRows +
       ", tensor<?xi32>) outs(%ge : " + kRows + ") -> " + kRows);
  active.values.push_back(value);
}

void Writer::scatter() {
  bool scaled = below(2);
  std::string value = fresh();
  line(value + " = seqc.scatter_rows " + (below(2) ? "add" : "set") + " ins(" +
       pick(active) + ", %idx : " + kRows + ", tensor<?xi32>) " +
       (scaled ? "scale(%conf : tensor<?xf32>) " : "") + "outs(" + pick(full) +
       " : " + kRows + ") -> " + kRows);
  full.values.push_back(value);
}

void Writer::attend() {
  std::string value = fresh();
  line(value + " = seqc.attend softmax {left = 3 : i64, right = " +
       std::to_string(below(2)) + " : i64, scale = 0.5 : f32} ins(" +
       pick(active) + ", " + pick(active) + ", " + pick(active) +
       ", %packed : " + kRows + ", " + kRows + ", " + kRows +
       ", tensor<?xi32>) outs(%ge : " + kRows + ") -> " + kRows);
  active.values.push_back(value);
}

/// A ring whose count stays as it was, sometimes with its old content returned.
void Writer::ring() {
  const std::string type = "tensor<?x3x8xf32>";
  std::string value = fresh(), ring = state(type),
              count = state("tensor<?xi32>");
  line(value + " = seqc.ring_push ins(" + pick(active) + ", %packed, " + count +
       " : " + kRows + ", tensor<?xi32>, tensor<?xi32>) outs(" + ring + " : " +
       type + ") -> " + type);
  results += ", " + type + " {seqc.state = \"" + ring.substr(1) + "\"}";
  returned += ", " + value;
  resultTypes += ", " + type;
}

void Writer::pool() {
  std::string value = fresh();
  line(value + " = seqc.pool mean ins(" + pick(full) + ", %off : " + kRows +
       ", tensor<?xi32>) outs(%oe : " + kRows + ") -> " + kRows);
  pooled.values.push_back(value);
}

void Writer::op() {
  switch (below(13)) {
  case 0:
    return scan();
  case 1:
    return gather();
  case 2:
    return scatter();
  case 3:
    return attend();
  case 4:
    return below(2) ? ring() : pool();
  case 5:
    return norm(anyPool());
  case 6:
    return scale(anyPool());
  case 7:
  case 8:
    return accumulate(anyPool());
  case 9:
  case 10:
    return product(!pooled.values.empty() && below(3) == 0 ? pooled
                                                           : anyPool());
  default:
    return map(anyPool());
  }
}

std::string Writer::model(int ops) {
  prologue();
  for (int i = 0; i < ops; ++i)
    op();
  pool();
  const std::string outputs[] = {full.values.back(), pick(full),
                                 pooled.values.back()};
  std::string heads, values, types;
  for (int i = 0; i < 3; ++i) {
    heads += (i ? ", " : "") + std::string(kRows) + " {seqc.output = \"y" +
             std::to_string(i) + "\"}";
    values += (i ? ", " : "") + outputs[i];
    types += (i ? ", " : "") + std::string(kRows);
  }
  return "#td = affine_map<(t, d) -> (t, d)>\n#d = affine_map<(t, d) -> (d)>\n"
         "#a = affine_map<(m, n, k) -> (m, k)>\n#b = affine_map<(m, n, k) -> "
         "(n, k)>\n"
         "#c = affine_map<(m, n, k) -> (m, n)>\n"
         "#s_td = affine_map<(t, d, n) -> (t, d)>\n#s_d = affine_map<(t, d, n) "
         "-> (d)>\n"
         "module {\n  func.func @forward(\n"
         "      %x: tensor<?x8xf32> {seqc.input = \"x\"},\n"
         "      %y: tensor<?x8xf32> {seqc.input = \"y\"},\n"
         "      %off: tensor<?xi32> {seqc.builtin = \"offsets\"},\n"
         "      %bias: tensor<1xf32> {seqc.option = \"act_bias\"},\n"
         "      %temperature: tensor<1xf32> {seqc.weight = \"temperature\"}" +
         arguments + ")\n      -> (" + heads + results +
         ") attributes {seqc.causal} {\n" + body + "    return " + values +
         returned + " : " + types + resultTypes + "\n  }\n}\n";
}

} // namespace

std::string randomModel(unsigned seed, int ops) {
  return Writer(seed).model(ops);
}
