//===- SeqcEnums.td - enumerations of the op attributes -------------------===//
#ifndef SEQC_ENUMS_TD
#define SEQC_ENUMS_TD

include "mlir/IR/EnumAttr.td"

class Seqc_Enum<string name, string summary, list<I32EnumAttrCase> cases>
    : I32EnumAttr<name, summary, cases> {
  let cppNamespace = "::seqc::ir";
}

def Seqc_Direction : Seqc_Enum<"Direction", "order in which a scan visits rows", [
  I32EnumAttrCase<"Forward", 0, "forward">,
  I32EnumAttrCase<"Reverse", 1, "reverse">]> { let genSpecializedAttr = 0; }

def Seqc_NormKind : Seqc_Enum<"NormKind", "normalisation over the last axis", [
  I32EnumAttrCase<"Layer", 0, "layer">,
  I32EnumAttrCase<"Rms", 1, "rms">,
  I32EnumAttrCase<"Scale", 2, "scale">]>;

def Seqc_ScoreKind : Seqc_Enum<"ScoreKind", "weight of a key from its score", [
  I32EnumAttrCase<"Softmax", 0, "softmax">,
  I32EnumAttrCase<"Relu", 1, "relu">,
  I32EnumAttrCase<"Relu2", 2, "relu2">,
  I32EnumAttrCase<"Laplace", 3, "laplace">]>;

def Seqc_BiasKind : Seqc_Enum<"BiasKind", "additive bias of a score", [
  I32EnumAttrCase<"None", 0, "none">,
  I32EnumAttrCase<"Position", 1, "position">,
  I32EnumAttrCase<"Rank", 2, "rank">]> { let genSpecializedAttr = 0; }

def Seqc_ScatterMode : Seqc_Enum<"ScatterMode", "how a scattered row meets the destination", [
  I32EnumAttrCase<"Set", 0, "set">,
  I32EnumAttrCase<"Add", 1, "add">]>;

def Seqc_PoolKind : Seqc_Enum<"PoolKind", "pooling over the rows of a sequence", [
  I32EnumAttrCase<"Mean", 0, "mean">]>;

def Seqc_FactKind : Seqc_Enum<"FactKind", "what is assumed of a kernel's arguments", [
  I32EnumAttrCase<"Equals", 0, "equals">,
  I32EnumAttrCase<"AtMost", 1, "at_most">,
  I32EnumAttrCase<"Same", 2, "same">,
  I32EnumAttrCase<"Zero", 3, "zero">,
  I32EnumAttrCase<"Longest", 4, "longest">,
  I32EnumAttrCase<"OneRow", 5, "one_row">]> { let genSpecializedAttr = 0; }

#endif // SEQC_ENUMS_TD
