//===- SeqcOps.td - all ops of the dialect (includes the families) --------===//
#ifndef SEQC_OPS_TD
#define SEQC_OPS_TD

include "dialect/ScanOps.td"
include "dialect/AttentionOps.td"
include "dialect/GatingOps.td"
include "dialect/StateOps.td"

#endif // SEQC_OPS_TD
