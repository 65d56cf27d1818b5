//===- ElementOps.cpp - elementwise arith and math ops in f64 and i64
//------===//

#include "runtime/interpreter/ElementOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <cmath>

using namespace mlir;

namespace seqc::interpreter {

namespace {
struct Entry {
  llvm::StringLiteral name;
  ElementKernel kernel;
};
} // namespace

// A loop over `count` elements with the operands at hand as x, y, z.
#define SEQC_LOOP(LOADS, STORE)                                                \
  [](int64_t count, Cells r, const Cells *o) {                                 \
    for (int64_t k = 0; k < count; ++k) {                                      \
      LOADS STORE;                                                             \
    }                                                                          \
  }
#define SEQC_F1(EXPR) SEQC_LOOP(double x = o[0].f[k];, r.f[k] = EXPR)
#define SEQC_F2(EXPR)                                                          \
  SEQC_LOOP(double x = o[0].f[k]; double y = o[1].f[k];, r.f[k] = EXPR)
#define SEQC_F3(EXPR)                                                          \
  SEQC_LOOP(double x = o[0].f[k]; double y = o[1].f[k]; double z = o[2].f[k];  \
            , r.f[k] = EXPR)
#define SEQC_I1(EXPR) SEQC_LOOP(int64_t x = o[0].i[k];, r.i[k] = EXPR)
#define SEQC_I2(EXPR)                                                          \
  SEQC_LOOP(int64_t x = o[0].i[k]; int64_t y = o[1].i[k];, r.i[k] = EXPR)
#define SEQC_C2(EXPR)                                                          \
  SEQC_LOOP(double x = o[0].f[k]; double y = o[1].f[k];                        \
            , r.i[k] = (EXPR) ? 1 : 0)

static double minimum(double x, double y) {
  return std::isnan(x) || std::isnan(y) ? NAN : std::min(x, y);
}
static double maximum(double x, double y) {
  return std::isnan(x) || std::isnan(y) ? NAN : std::max(x, y);
}
static int64_t shifted(int64_t x, int64_t by, bool left) {
  if (by < 0 || by > 63)
    return 0;
  uint64_t bits = static_cast<uint64_t>(x);
  return static_cast<int64_t>(left ? bits << by : bits >> by);
}
// Wrapping arithmetic: signed overflow would be undefined.
static uint64_t u(int64_t x) { return static_cast<uint64_t>(x); }

static const Entry kFloatOps[] = {
    {"arith.negf", SEQC_F1(-x)},
    {"arith.addf", SEQC_F2(x + y)},
    {"arith.subf", SEQC_F2(x - y)},
    {"arith.mulf", SEQC_F2(x * y)},
    {"arith.divf", SEQC_F2(x / y)},
    {"arith.remf", SEQC_F2(std::fmod(x, y))},
    {"arith.maximumf", SEQC_F2(maximum(x, y))},
    {"arith.minimumf", SEQC_F2(minimum(x, y))},
    {"arith.maxnumf", SEQC_F2(std::fmax(x, y))},
    {"arith.minnumf", SEQC_F2(std::fmin(x, y))},
    {"arith.extf", SEQC_F1(x)},
    {"arith.truncf", SEQC_F1(x)},
    {"math.absf", SEQC_F1(std::fabs(x))},
    {"math.acos", SEQC_F1(std::acos(x))},
    {"math.asin", SEQC_F1(std::asin(x))},
    {"math.atan", SEQC_F1(std::atan(x))},
    {"math.atan2", SEQC_F2(std::atan2(x, y))},
    {"math.cbrt", SEQC_F1(std::cbrt(x))},
    {"math.ceil", SEQC_F1(std::ceil(x))},
    {"math.copysign", SEQC_F2(std::copysign(x, y))},
    {"math.cos", SEQC_F1(std::cos(x))},
    {"math.cosh", SEQC_F1(std::cosh(x))},
    {"math.erf", SEQC_F1(std::erf(x))},
    {"math.erfc", SEQC_F1(std::erfc(x))},
    {"math.exp", SEQC_F1(std::exp(x))},
    {"math.exp2", SEQC_F1(std::exp2(x))},
    {"math.expm1", SEQC_F1(std::expm1(x))},
    {"math.floor", SEQC_F1(std::floor(x))},
    {"math.fma", SEQC_F3(std::fma(x, y, z))},
    {"math.log", SEQC_F1(std::log(x))},
    {"math.log10", SEQC_F1(std::log10(x))},
    {"math.log1p", SEQC_F1(std::log1p(x))},
    {"math.log2", SEQC_F1(std::log2(x))},
    {"math.powf", SEQC_F2(std::pow(x, y))},
    {"math.round", SEQC_F1(std::round(x))},
    {"math.roundeven", SEQC_F1(std::nearbyint(x))},
    {"math.rsqrt", SEQC_F1(1 / std::sqrt(x))},
    {"math.sin", SEQC_F1(std::sin(x))},
    {"math.sinh", SEQC_F1(std::sinh(x))},
    {"math.sqrt", SEQC_F1(std::sqrt(x))},
    {"math.tan", SEQC_F1(std::tan(x))},
    {"math.tanh", SEQC_F1(std::tanh(x))},
    {"math.trunc", SEQC_F1(std::trunc(x))},
    {"math.clampf", SEQC_F3(std::fmin(std::fmax(x, y), z))},
    {"math.fpowi", SEQC_LOOP(double x = o[0].f[k]; int64_t y = o[1].i[k];
                             , r.f[k] = std::pow(x, static_cast<double>(y)))},
    {"vector.fma", SEQC_F3(std::fma(x, y, z))},
    {"math.isnan", SEQC_LOOP(double x = o[0].f[k];, r.i[k] = std::isnan(x))},
    {"math.isinf", SEQC_LOOP(double x = o[0].f[k];, r.i[k] = std::isinf(x))},
    {"math.isfinite",
     SEQC_LOOP(double x = o[0].f[k];, r.i[k] = std::isfinite(x))},
};

static const Entry kIntOps[] = {
    {"arith.addi", SEQC_I2(int64_t(u(x) + u(y)))},
    {"arith.subi", SEQC_I2(int64_t(u(x) - u(y)))},
    {"arith.muli", SEQC_I2(int64_t(u(x) * u(y)))},
    {"arith.andi", SEQC_I2(x & y)},
    {"arith.ori", SEQC_I2(x | y)},
    {"arith.xori", SEQC_I2(x ^ y)},
    {"arith.shli", SEQC_I2(shifted(x, y, true))},
    {"arith.shrsi", SEQC_I2(x >> std::clamp<int64_t>(y, 0, 63))},
    {"arith.maxsi", SEQC_I2(std::max(x, y))},
    {"arith.minsi", SEQC_I2(std::min(x, y))},
    {"math.absi", SEQC_I1(x < 0 ? int64_t(0 - u(x)) : x)},
    {"arith.index_cast", SEQC_I1(x)},
    {"arith.extsi", SEQC_I1(x)},
    {"arith.trunci", SEQC_I1(x)},
    {"arith.fptosi", SEQC_LOOP(double x = o[0].f[k];
                               , r.i[k] = std::isfinite(x) ? int64_t(x) : 0)},
    {"arith.sitofp", SEQC_LOOP(int64_t x = o[0].i[k];, r.f[k] = double(x))},
};

// -1 / minimum overflows like an addition would, instead of trapping.
static const Entry kDivisions[] = {
    {"arith.divsi", SEQC_I2(y == -1 ? int64_t(0 - u(x)) : x / y)},
    {"arith.remsi", SEQC_I2(y == -1 ? 0 : x % y)},
    {"arith.floordivsi",
     SEQC_I2(y == -1 ? int64_t(0 - u(x))
                     : x / y - ((x % y != 0) && ((x < 0) != (y < 0))))},
    {"arith.ceildivsi",
     SEQC_I2(y == -1 ? int64_t(0 - u(x))
                     : x / y + ((x % y != 0) && ((x < 0) == (y < 0))))},
    {"arith.divui", SEQC_I2(int64_t(u(x) / u(y)))},
    {"arith.remui", SEQC_I2(int64_t(u(x) % u(y)))},
    {"arith.ceildivui", SEQC_I2(int64_t(u(x) / u(y) + (u(x) % u(y) != 0)))},
};

static const Entry kUnsignedOps[] = {
    {"arith.shrui", SEQC_I2(shifted(x, y, false))},
    {"arith.maxui", SEQC_I2(u(x) < u(y) ? y : x)},
    {"arith.minui", SEQC_I2(u(x) < u(y) ? x : y)},
    {"arith.extui", SEQC_I1(x)},
    {"arith.index_castui", SEQC_I1(x)},
    {"arith.uitofp", SEQC_LOOP(int64_t x = o[0].i[k];, r.f[k] = double(u(x)))},
};

/// Indexed by arith::CmpFPredicate.
static const ElementKernel kFloatCompares[] = {
    SEQC_C2(false && x == y),
    SEQC_C2(x == y),
    SEQC_C2(x > y),
    SEQC_C2(x >= y),
    SEQC_C2(x < y),
    SEQC_C2(x <= y),
    SEQC_C2(x<y || x> y),
    SEQC_C2(!std::isnan(x) && !std::isnan(y)),
    SEQC_C2(!(x < y || x > y)),
    SEQC_C2(!(x <= y)),
    SEQC_C2(!(x < y)),
    SEQC_C2(!(x >= y)),
    SEQC_C2(!(x > y)),
    SEQC_C2(x != y),
    SEQC_C2(std::isnan(x) || std::isnan(y)),
    SEQC_C2(true || x == y),
};

/// Indexed by arith::CmpIPredicate.
static const ElementKernel kIntCompares[] = {
    SEQC_I2(x == y),       SEQC_I2(x != y),       SEQC_I2(x < y),
    SEQC_I2(x <= y),       SEQC_I2(x > y),        SEQC_I2(x >= y),
    SEQC_I2(u(x) < u(y)),  SEQC_I2(u(x) <= u(y)), SEQC_I2(u(x) > u(y)),
    SEQC_I2(u(x) >= u(y)),
};

static const ElementKernel kBoolToInt = SEQC_I1(-x);
static const ElementKernel kBoolToFloat =
    SEQC_LOOP(int64_t x = o[0].i[k];, r.f[k] = -double(x));
static const ElementKernel kSelectFloat =
    SEQC_LOOP(int64_t x = o[0].i[k];, r.f[k] = x ? o[1].f[k] : o[2].f[k]);
static const ElementKernel kSelectInt =
    SEQC_LOOP(int64_t x = o[0].i[k];, r.i[k] = x ? o[1].i[k] : o[2].i[k]);

#undef SEQC_F1
#undef SEQC_F2
#undef SEQC_F3
#undef SEQC_I1
#undef SEQC_I2
#undef SEQC_C2
#undef SEQC_LOOP

int64_t wrapTo(int64_t value, unsigned bits) {
  if (bits >= 64)
    return value;
  return bits == 1 ? value & 1
                   : llvm::SignExtend64(static_cast<uint64_t>(value), bits);
}

static unsigned bitsOf(Type type) {
  Type element = getElementTypeOrSelf(type);
  return element.isInteger() ? element.getIntOrFloatBitWidth() : 64;
}

static ElementKernel lookUp(llvm::ArrayRef<Entry> table, StringRef name) {
  for (const Entry &entry : table)
    if (entry.name == name)
      return entry.kernel;
  return nullptr;
}

static std::optional<ElementOp> findCompareOrSelect(Operation *op) {
  ElementOp found;
  if (auto compare = dyn_cast<arith::CmpFOp>(op)) {
    found.kernel =
        kFloatCompares[static_cast<uint64_t>(compare.getPredicate())];
    return found;
  }
  if (auto compare = dyn_cast<arith::CmpIOp>(op)) {
    found.kernel = kIntCompares[static_cast<uint64_t>(compare.getPredicate())];
    if (compare.getPredicate() >= arith::CmpIPredicate::ult)
      found.zeroExtendBits = bitsOf(compare.getLhs().getType());
    return found;
  }
  if (auto select = dyn_cast<arith::SelectOp>(op)) {
    bool isFloat = isa<FloatType>(getElementTypeOrSelf(select.getType()));
    found.kernel = isFloat ? kSelectFloat : kSelectInt;
    return found;
  }
  return std::nullopt;
}

ElementKernel findElementKernel(StringRef name) {
  for (llvm::ArrayRef<Entry> table :
       {llvm::ArrayRef<Entry>(kFloatOps), llvm::ArrayRef<Entry>(kIntOps),
        llvm::ArrayRef<Entry>(kUnsignedOps)})
    if (ElementKernel kernel = lookUp(table, name))
      return kernel;
  return nullptr;
}

std::optional<ElementOp> findElementOp(Operation *op) {
  if (std::optional<ElementOp> found = findCompareOrSelect(op))
    return found;
  if (op->getNumResults() != 1 || op->getNumOperands() == 0)
    return std::nullopt;
  StringRef name = op->getName().getStringRef();
  ElementOp found;
  if ((found.kernel = lookUp(kFloatOps, name)))
    return found;
  found.wrapBits = bitsOf(op->getResult(0).getType());
  if ((found.kernel = lookUp(kIntOps, name))) {
    // i1 is kept as 0 and 1, but true is -1 as a signed number.
    bool fromBool = bitsOf(op->getOperand(0).getType()) == 1;
    if (fromBool && name == "arith.extsi")
      found.kernel = kBoolToInt;
    if (fromBool && name == "arith.sitofp")
      found.kernel = kBoolToFloat;
    return found;
  }
  found.divides = true;
  if ((found.kernel = lookUp(kDivisions, name))) {
    if (name.ends_with("ui"))
      found.zeroExtendBits = bitsOf(op->getOperand(0).getType());
    return found;
  }
  found.divides = false;
  found.zeroExtendBits = bitsOf(op->getOperand(0).getType());
  if ((found.kernel = lookUp(kUnsignedOps, name)))
    return found;
  return std::nullopt;
}

} // namespace seqc::interpreter
