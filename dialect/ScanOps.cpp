//===- ScanOps.cpp - recurrences along the rows of a sequence -------------===//

#include "dialect/OpSupport.h"

using namespace mlir;
using namespace seqc::ir;

SEQC_STRUCTURED_OP_METHODS(ScanOp)
SEQC_STRUCTURED_OP_METHODS(PoolOp)

MutableOperandRange ScanOp::getDpsInitsMutable() {
  unsigned first = getInputs().size() + getParams().size() + 1;
  return MutableOperandRange(*this, first, getOuts().size() + getStates().size());
}

AffineMap ScanOp::getMap(unsigned i) {
  return cast<AffineMapAttr>(getMaps()[i]).getValue();
}

bool ScanOp::hasStateAxis(unsigned i) {
  return llvm::any_of(getMap(i).getResults(), [](AffineExpr e) {
    auto dim = dyn_cast<AffineDimExpr>(e);
    return dim && dim.getPosition() == 2;
  });
}

int64_t ScanOp::getNumChannels() {
  Value reference = getOuts().empty() ? getStates().front() : getOuts().front();
  return cast<ShapedType>(reference.getType()).getDimSize(1);
}

void ScanOp::getAsmBlockArgumentNames(Region &region, OpAsmSetValueNameFn setName) {
  unsigned inputs = getInputs().size(), params = getParams().size();
  for (BlockArgument arg : region.getArguments()) {
    unsigned i = arg.getArgNumber();
    setName(arg, i < inputs ? "x" : i < inputs + params ? "p" : "carry");
  }
}

LogicalResult ScanOp::verify() { return success(); }
LogicalResult ScanOp::verifyRegions() { return success(); }
LogicalResult PoolOp::verify() { return success(); }
