//===- ExpandMath.cpp - math functions to polynomials in arith ------------===//
//
// Left alone, a math function of a vector becomes one library call per lane,
// and kernels may call nothing. The coefficients are minimax fits whose errors,
// in f32 and with every rounding counted, stand at each function.
//
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"
#include "passes/Transforms/VectorUtils.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/LoopLikeInterface.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

#include <cmath>

namespace seqc::passes {
#define GEN_PASS_DEF_SEQCEXPANDMATH
#include "passes/Passes.h.inc"
} // namespace seqc::passes

using namespace mlir;
using namespace seqc::passes;

namespace {

struct ExpandMath : seqc::passes::impl::SeqcExpandMathBase<ExpandMath> {
  void runOnOperation() override;
};

/// Arithmetic on values of one float type, scalar or vector.
class Emitter {
public:
  Emitter(OpBuilder &builder, Location loc, Type type,
          const VectorTarget &target)
      : b(loc, builder), type(type), fused(target.fma),
        scales(target.avx512 && isVectorOf(type, 16)) {}

  Value constant(double value) {
    return splatConstant(b, b.getLoc(), type, value);
  }
  Value bits(int64_t value) {
    return splatConstant(b, b.getLoc(), intType(), double(value));
  }
  Value add(Value x, Value y) { return arith::AddFOp::create(b, x, y); }
  Value sub(Value x, Value y) { return arith::SubFOp::create(b, x, y); }
  Value mul(Value x, Value y) { return arith::MulFOp::create(b, x, y); }
  Value div(Value x, Value y) { return arith::DivFOp::create(b, x, y); }
  /// x * y + z; fused only where the target has the instruction.
  Value fma(Value x, Value y, Value z) {
    if (fused)
      return math::FmaOp::create(b, x, y, z);
    return add(mul(x, y), z);
  }
  Value less(Value x, Value y) {
    return arith::CmpFOp::create(b, arith::CmpFPredicate::OLT, x, y);
  }
  Value equal(Value x, Value y) {
    return arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, x, y);
  }
  Value select(Value condition, Value x, Value y) {
    return arith::SelectOp::create(b, condition, x, y);
  }
  /// Clamps that let NaN through, one instruction each.
  Value atLeast(Value x, Value low) { return select(less(x, low), low, x); }
  Value atMost(Value x, Value high) { return select(less(high, x), high, x); }
  Value toBits(Value x) { return arith::BitcastOp::create(b, intType(), x); }
  Value fromBits(Value x) { return arith::BitcastOp::create(b, type, x); }
  Value toFloat(Value x) { return arith::SIToFPOp::create(b, type, x); }
  Value polynomial(Value x, ArrayRef<double> coefficients);

  Value exp(Value x);
  Value expByScaling(Value x);
  Value log(Value x);
  Value log1p(Value x);
  Value log1pOfFraction(Value x);
  Value erf(Value x);
  Value tanh(Value x);
  Value truncated(Value x);
  Value floor(Value x);

  ImplicitLocOpBuilder b;

private:
  static bool isVectorOf(Type type, int64_t lanes) {
    auto vectorType = dyn_cast<VectorType>(type);
    return vectorType && vectorType.getRank() == 1 &&
           vectorType.getNumElements() == lanes;
  }
  Value avx512(StringRef name, ArrayRef<Value> arguments);
  Value timesLog2E(Value x);
  Type intType() {
    if (auto vectorType = dyn_cast<VectorType>(type))
      return vectorType.clone(b.getI32Type());
    return b.getI32Type();
  }
  Type type;
  bool fused;
  bool scales; ///< has instructions for fractions and powers of two
};

} // namespace

/// coefficients[0] + coefficients[1] * x + ...
Value Emitter::polynomial(Value x, ArrayRef<double> coefficients) {
  Value sum = constant(coefficients.back());
  for (double coefficient : llvm::reverse(coefficients.drop_back()))
    sum = fma(sum, x, constant(coefficient));
  return sum;
}

constexpr double kLog2E = 1.44269504088896341;
// ln 2 in two parts; a small integer times the first one is exact.
constexpr double kLn2High = 0.693359375;
constexpr double kLn2Low = -2.12194440e-4;

/// Relative error 1.2e-7 on [-86, 88.7]. Below -87 the result is 0: no denormal
/// ever slows down what follows. exp(0) is 1.
///
/// x = n ln 2 + r. Adding `kRound` rounds to an integer and leaves n + 126 in
/// the low bits; shifted into the exponent these are 2^(n-1), which is 0 for n
/// = -126 and finite for n = 128. The polynomial is of 2 e^r, to make up for
/// it.
Value Emitter::exp(Value x) {
  if (scales)
    return expByScaling(x);
  constexpr double kRound = 12582912.0 + 126;
  x = atMost(atLeast(x, constant(-87.33)), constant(88.8));
  Value rounded = fma(x, constant(kLog2E), constant(kRound));
  Value n = sub(rounded, constant(kRound));
  Value r = fma(n, constant(-kLn2High), x);
  r = fma(n, constant(-kLn2Low), r);
  Value p = polynomial(r, {2.0, 2.0, 0.9999998807907104, 0.33332857489585876,
                           0.08333603292703629, 0.016748743131756783,
                           0.002768680453300476});
  Value exponent = arith::ShLIOp::create(b, toBits(rounded), bits(23));
  return mul(p, fromBits(exponent));
}

/// An AVX-512 intrinsic on all lanes in the current rounding mode; `arguments`
/// come before the pass-through value.
Value Emitter::avx512(StringRef name, ArrayRef<Value> arguments) {
  SmallVector<Value> all(arguments);
  all.push_back(constant(0.0));
  all.push_back(arith::ConstantOp::create(b, b.getI16IntegerAttr(-1)));
  all.push_back(arith::ConstantOp::create(b, b.getI32IntegerAttr(4)));
  return LLVM::CallIntrinsicOp::create(
             b, type, b.getStringAttr("llvm.x86.avx512.mask." + name), all)
      .getResult(0);
}

/// x log2(e). Where x is a product with a factor from outside the loop, as the
/// decay of a state in a scan over rows, the constant goes to that factor,
/// ahead of the loop.
Value Emitter::timesLog2E(Value x) {
  auto product = x.getDefiningOp<arith::MulFOp>();
  auto loop = product ? product->getParentOfType<LoopLikeOpInterface>()
                      : LoopLikeOpInterface();
  if (!loop || !x.hasOneUse())
    return mul(x, constant(kLog2E));
  Value inner = product.getLhs(), outer = product.getRhs();
  if (loop.isDefinedOutsideOfLoop(inner))
    std::swap(inner, outer);
  if (!loop.isDefinedOutsideOfLoop(outer))
    return mul(x, constant(kLog2E));
  Value scaled;
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPoint(loop);
    scaled = mul(outer, constant(kLog2E));
  }
  return mul(inner, scaled);
}

/// Relative error 1.7e-7 + 7e-8 |x|, 3e-8 near 0, where decays close to 1 add
/// up over many rows. Below -87.3 the result is 0. Ten operations instead of
/// fourteen.
///
/// z = x log2(e) = n + f. The instruction that gives f makes it 0 for infinite
/// z; the one that multiplies by 2^n saturates.
Value Emitter::expByScaling(Value x) {
  constexpr int64_t kToNearest = 0;
  Value z = timesLog2E(x);
  Value n = math::RoundEvenOp::create(b, z);
  Value mode = arith::ConstantOp::create(b, b.getI32IntegerAttr(kToNearest));
  Value f = avx512("reduce.ps.512", {z, mode});
  Value p = polynomial(f, {1.0, 0.6931470036506653, 0.24022242426872253,
                           0.05550733581185341, 0.009671512991189957,
                           0.001326472731307149});
  Value result = avx512("scalef.ps.512", {p, n});
  return select(less(z, constant(-126.0)), constant(0.0), result);
}

/// Relative error 1.0e-7 for positive normal numbers; denormals are scaled.
/// 0 gives -inf, negative numbers NaN.
Value Emitter::log(Value x) {
  constexpr int64_t kSqrtHalf = 0x3f3504f3;
  Value one = constant(1.0);
  Value tiny = less(x, constant(1.17549435e-38));
  Value scaled = select(tiny, mul(x, constant(8388608.0)), x);
  Value shifted = arith::SubIOp::create(b, toBits(scaled), bits(kSqrtHalf));
  Value exponent = arith::ShRSIOp::create(b, shifted, bits(23));
  Value mantissa = arith::AndIOp::create(b, shifted, bits(0x7fffff));
  mantissa = arith::AddIOp::create(b, mantissa, bits(kSqrtHalf));
  Value e = toFloat(exponent);
  e = select(tiny, sub(e, constant(23.0)), e);
  Value f = sub(fromBits(mantissa), one);
  Value square = mul(f, f);
  Value p = polynomial(
      f, {0.3333331346511841, -0.25000008940696716, 0.2000211924314499,
          -0.1666799634695053, 0.14219552278518677, -0.1240558847784996,
          0.11888162046670914, -0.11675652116537094, 0.06746641546487808});
  Value y = mul(mul(p, f), square);
  y = fma(e, constant(kLn2Low), y);
  y = fma(square, constant(-0.5), y);
  Value result = fma(e, constant(kLn2High), add(f, y));
  // Only a positive finite x came through the bit tricks unharmed.
  Value infinity = constant(std::numeric_limits<double>::infinity());
  result = select(less(x, infinity), result, x);
  Value zero = constant(0.0);
  result = select(equal(x, zero),
                  constant(-std::numeric_limits<double>::infinity()), result);
  return select(less(x, zero),
                constant(std::numeric_limits<double>::quiet_NaN()), result);
}

/// log(u) with u = 1 + x rounded, and a first-order correction for the
/// rounding.
Value Emitter::log1p(Value x) {
  Value one = constant(1.0);
  Value u = add(one, x);
  Value lost = sub(x, sub(u, one));
  Value result = add(log(u), div(lost, u));
  // At infinity and at -1 the correction is no number.
  Value infinity = constant(std::numeric_limits<double>::infinity());
  result = select(equal(x, infinity), x, result);
  return select(equal(u, constant(0.0)), log(u), result);
}

/// log(1 + x) for x from 0 to 1, relative error 1.6e-7. The product behind the
/// polynomial keeps small x as they are, which 1 + x would round away.
Value Emitter::log1pOfFraction(Value x) {
  return mul(x, polynomial(x, {1.0, -0.49999648332595825, 0.3332132399082184,
                               -0.24857163429260254, 0.1915365308523178,
                               -0.13753797113895416, 0.07920447736978531,
                               -0.030065756291151047, 0.005364815704524517}));
}

/// Absolute error 2.5e-7; exactly 1 from 3.75 on (with fused multiply-add).
Value Emitter::erf(Value x) {
  constexpr double kLimit = 3.75;
  x = atMost(atLeast(x, constant(-kLimit)), constant(kLimit));
  Value s = fma(mul(x, x), constant(2 / (kLimit * kLimit)), constant(-1.0));
  return mul(x, polynomial(s, {0.37705692648887634, -0.1880304217338562,
                               0.13927069306373596, -0.11192766577005386,
                               0.09070345759391785, -0.07172029465436935,
                               0.053873829543590546, -0.03690072149038315,
                               0.024135814979672432, -0.017498714849352837,
                               0.010445649735629559, -0.0023311832919716835,
                               0.0008238141890615225, -0.002447636565193534,
                               0.001213126233778894}));
}

/// Relative error 3e-7: a polynomial near 0, exp elsewhere.
Value Emitter::tanh(Value x) {
  Value magnitude = math::AbsFOp::create(b, x);
  Value square = mul(x, x);
  Value p = polynomial(square, {-0.3333328068256378, 0.13331441581249237,
                                -0.05373971536755562, 0.0206390880048275,
                                -0.005704987328499556});
  Value small = fma(mul(p, square), x, x);
  Value one = constant(1.0);
  Value t = exp(mul(magnitude, constant(2.0)));
  Value large = sub(one, div(constant(2.0), add(t, one)));
  large = math::CopySignOp::create(b, large, x);
  return select(less(magnitude, constant(0.625)), small, large);
}

/// Towards zero, by way of an integer. From 2^23 on every number is whole.
Value Emitter::truncated(Value x) {
  Value whole = toFloat(arith::FPToSIOp::create(b, intType(), x).getResult());
  Value magnitude = math::AbsFOp::create(b, x);
  return select(less(magnitude, constant(8388608.0)), whole, x);
}

Value Emitter::floor(Value x) {
  Value whole = truncated(x);
  return select(less(x, whole), sub(whole, constant(1.0)), whole);
}

/// What levels without fused multiply-add have no instruction for; else null.
static Value expandForBaseline(Emitter &emitter, Operation *op) {
  Value x = op->getOperand(0);
  if (isa<math::FmaOp, vector::FMAOp>(op))
    return emitter.fma(x, op->getOperand(1), op->getOperand(2));
  if (isa<math::TruncOp>(op))
    return emitter.truncated(x);
  if (isa<math::FloorOp>(op))
    return emitter.floor(x);
  Value zero = emitter.constant(0.0);
  if (isa<math::CeilOp>(op))
    return emitter.sub(zero, emitter.floor(emitter.sub(zero, x)));
  return {};
}

/// The expansion of `op`, or null if it is none of the functions above.
static Value expand(Emitter &emitter, Operation *op) {
  Value x = op->getOperand(0);
  if (isa<math::ExpOp>(op))
    return emitter.exp(x);
  if (isa<math::Exp2Op>(op))
    return emitter.exp(emitter.mul(x, emitter.constant(1 / kLog2E)));
  if (isa<math::LogOp>(op))
    return emitter.log(x);
  if (isa<math::Log2Op>(op))
    return emitter.mul(emitter.log(x), emitter.constant(kLog2E));
  if (isa<math::Log1pOp>(op))
    return emitter.log1p(x);
  if (isa<math::ErfOp>(op))
    return emitter.erf(x);
  if (isa<math::TanhOp>(op))
    return emitter.tanh(x);
  if (isa<math::RsqrtOp>(op))
    return emitter.div(emitter.constant(1.0),
                       math::SqrtOp::create(emitter.b, x));
  return {};
}

/// The number that a value is in every lane.
static std::optional<APFloat> constantOf(Value value) {
  if (auto broadcast = value.getDefiningOp<vector::BroadcastOp>())
    value = broadcast.getSource();
  Attribute attr;
  if (!matchPattern(value, m_Constant(&attr)))
    return std::nullopt;
  if (auto splat = dyn_cast<SplatElementsAttr>(attr))
    attr = splat.getSplatValue<Attribute>();
  auto number = dyn_cast<FloatAttr>(attr);
  return number ? std::optional<APFloat>(number.getValue()) : std::nullopt;
}

static bool isOne(Value value) {
  std::optional<APFloat> number = constantOf(value);
  return number && number->isExactlyValue(1.0);
}

/// exp of something negated that is never negative.
static bool isExpOfNegative(Value value) {
  auto exp = value.getDefiningOp<math::ExpOp>();
  auto negated =
      exp ? exp.getOperand().getDefiningOp<arith::NegFOp>() : arith::NegFOp();
  return negated && negated.getOperand().getDefiningOp<math::AbsFOp>();
}

/// log(1 + exp(-|x|)), as softplus has it, is a logarithm between 1 and 2: the
/// operand of the logarithm or its sum that is the exponential. It has to be
/// asked before exponentials are expanded.
static OpOperand *findFraction(Operation *op) {
  if (isa<math::Log1pOp>(op))
    return isExpOfNegative(op->getOperand(0)) ? &op->getOpOperand(0) : nullptr;
  auto sum = isa<math::LogOp>(op)
                 ? op->getOperand(0).getDefiningOp<arith::AddFOp>()
                 : arith::AddFOp();
  if (!sum)
    return nullptr;
  for (unsigned i : {0u, 1u})
    if (isOne(sum->getOperand(1 - i)) && isExpOfNegative(sum->getOperand(i)))
      return &sum->getOpOperand(i);
  return nullptr;
}

/// max(x, constant) by compare and select: one instruction, where the IEEE
/// maximum takes four. NaN is passed on as before.
static Value expandClamp(Emitter &emitter, Operation *op) {
  if (!isa<arith::MaximumFOp, arith::MinimumFOp>(op))
    return {};
  Value x = op->getOperand(0), bound = op->getOperand(1);
  if (constantOf(x))
    std::swap(x, bound);
  std::optional<APFloat> number = constantOf(bound);
  if (!number || number->isNaN())
    return {};
  return isa<arith::MaximumFOp>(op) ? emitter.atLeast(x, bound)
                                    : emitter.atMost(x, bound);
}

/// What the hardware does without a call.
static bool isInstruction(Operation *op, bool fma) {
  if (isa<math::SqrtOp, math::AbsFOp, math::AbsIOp, math::CopySignOp,
          math::CountLeadingZerosOp, math::CountTrailingZerosOp, math::CtPopOp,
          math::IsNaNOp, math::IsInfOp, math::IsFiniteOp, math::IsNormalOp>(op))
    return true;
  // Levels without fused multiply-add have no rounding instructions either.
  return fma && isa<math::FmaOp, math::FloorOp, math::CeilOp, math::TruncOp,
                    math::RoundEvenOp>(op);
}

static Value expandAny(Emitter &emitter, Operation *op, bool fma) {
  if (!getElementTypeOrSelf(op->getResult(0).getType()).isF32())
    return {};
  if (Value result = expand(emitter, op))
    return result;
  if (Value result = expandClamp(emitter, op))
    return result;
  return fma ? Value() : expandForBaseline(emitter, op);
}

// Functions without a fit of their own: by others, and by polynomials.
static constexpr StringRef kExpanded[] = {"sinh",  "cosh", "asinh", "acosh",
                                          "atanh", "tan",  "powf"};
static constexpr StringRef kApproximated[] = {"sin", "cos", "expm1", "atan",
                                              "erfc"};

/// "math.sin" is "sin".
static StringRef functionOf(StringRef opName) {
  opName.consume_front("math.");
  return opName;
}

/// Hardly any kernel has one, and those that have none are not visited.
static LogicalResult expandByOthers(Operation *root) {
  SmallVector<Operation *> ops;
  root->walk([&](Operation *op) {
    if (!isa_and_present<math::MathDialect>(op->getDialect()))
      return;
    StringRef function = functionOf(op->getName().getStringRef());
    if (llvm::is_contained(kExpanded, function) ||
        llvm::is_contained(kApproximated, function))
      ops.push_back(op);
  });
  if (ops.empty())
    return success();
  RewritePatternSet patterns(root->getContext());
  math::populateExpansionPatterns(patterns, kExpanded);
  populateMathPolynomialApproximationPatterns(patterns, [](StringRef name) {
    return llvm::is_contained(kApproximated, functionOf(name));
  });
  return applyOpPatternsGreedily(ops, std::move(patterns));
}

void ExpandMath::runOnOperation() {
  VectorTarget target = getVectorTarget(getOperation());
  if (failed(expandByOthers(getOperation())))
    return signalPassFailure();

  SmallVector<Operation *> ops;
  llvm::DenseMap<Operation *, OpOperand *> fractions;
  getOperation().walk([&](Operation *op) {
    if (OpOperand *fraction = findFraction(op))
      fractions[op] = fraction;
    if (isa_and_nonnull<math::MathDialect>(op->getDialect()) ||
        isa<arith::MaximumFOp, arith::MinimumFOp, arith::RemFOp, vector::FMAOp>(
            op))
      ops.push_back(op);
  });
  for (Operation *op : ops) {
    Type type = op->getResult(0).getType();
    OpBuilder builder(op);
    Emitter emitter(builder, op->getLoc(), type, target);
    OpOperand *fraction = fractions.lookup(op);
    if (Value result = fraction ? emitter.log1pOfFraction(fraction->get())
                                : expandAny(emitter, op, target.fma)) {
      op->getResult(0).replaceAllUsesWith(result);
      op->erase();
      continue;
    }
    if (isa<arith::MaximumFOp, arith::MinimumFOp, vector::FMAOp>(op) ||
        isInstruction(op, target.fma))
      continue;
    op->emitOpError("expected a function that the target can compute without "
                    "a call, got one on ")
        << type << "; express it by exp, log, erf, tanh or arithmetic";
    return signalPassFailure();
  }
}
