//===- SeqcAttrs.td - attributes that carry decisions, not meaning --------===//
#ifndef SEQC_ATTRS_TD
#define SEQC_ATTRS_TD

include "dialect/SeqcBase.td"
include "dialect/SeqcEnums.td"
include "mlir/Dialect/SCF/IR/DeviceMappingInterface.td"

class Seqc_Attr<string name, string attrMnemonic, list<Trait> traits = []>
    : AttrDef<Seqc_Dialect, name, traits> {
  let mnemonic = attrMnemonic;
}

def Seqc_DirectionAttr : EnumAttr<Seqc_Dialect, Seqc_Direction, "direction"> { let assemblyFormat = "`<` $value `>`"; }
def Seqc_BiasKindAttr : EnumAttr<Seqc_Dialect, Seqc_BiasKind, "bias_kind"> { let assemblyFormat = "`<` $value `>`"; }

def Seqc_TargetAttr : Seqc_Attr<"Target", "target"> {
  let summary = "machine that kernels are compiled for";
  let description = [{
    `vectorBits` (512, 256 or 128), number of vector registers, whether a fused
    multiply-add exists, and cache sizes in bytes. Set on the module before
    `schedule`; passes read nothing else about the machine.
  }];
  let parameters = (ins StringRefParameter<>:$isa, "int64_t":$vectorBits,
    "int64_t":$vectorRegisters, "bool":$fma, "int64_t":$l1Bytes, "int64_t":$l2Bytes);
  let assemblyFormat = [{
    `<` $isa `,` `bits` `=` $vectorBits `,` `registers` `=` $vectorRegisters `,`
    `fma` `=` $fma `,` `l1` `=` $l1Bytes `,` `l2` `=` $l2Bytes `>`
  }];
  let extraClassDeclaration = [{
    /// f32 elements of a vector register.
    int64_t lanes() const { return getVectorBits() / 32; }
  }];
}

def Seqc_ScheduleAttr : Seqc_Attr<"Schedule", "schedule"> {
  let summary = "tiles that the schedule model chose for a kernel";
  let description = [{
    Discardable, on kernel functions: `form` says what the task space runs over
    ("rows", "channels", "queries", "serial"), `rows` tokens per tile,
    `registerRows` by `registerVectors` the micro-tile of a contraction,
    `keys` the key tile of attention, `unroll` the unrolling of reductions,
    `block` the queries whose scores are computed side by side (0: one vector).
  }];
  let parameters = (ins StringRefParameter<>:$form, "int64_t":$rows,
    "int64_t":$registerRows, "int64_t":$registerVectors, "int64_t":$keys, "int64_t":$unroll,
    DefaultValuedParameter<"int64_t", "0">:$block);
  let assemblyFormat = [{
    `<` $form `,` `rows` `=` $rows `,` `micro` `=` $registerRows `by` $registerVectors `,`
    `keys` `=` $keys `,` `unroll` `=` $unroll (`,` `block` `=` $block^)? `>`
  }];
}

def Seqc_TasksAttr : Seqc_Attr<"Tasks", "tasks", [
    DeclareAttrInterfaceMethods<DeviceMappingAttrInterface>]> {
  let summary = "the loop's iterations are tasks of the runtime";
  let description = [{
    Mapping of a kernel's top-level `scf.forall`. A mapped loop keeps its shape:
    upstream canonicalisation would otherwise inline a loop of one task.
  }];
}

def Seqc_FactAttr : Seqc_Attr<"Fact", "fact"> {
  let summary = "something that holds in every call of a kernel's variant";
  let description = [{
    The array `seqc.assume` on a kernel function lists facts about its arguments.
    A kernel with facts is compiled for calls where all of them hold and may do
    anything elsewhere (docs/Rationale/Specialisation.md). Arguments are counted
    from 0, `arg2[0]` is the first extent of the third one.

    ```
    #seqc.fact<equals arg2[0], 1>        the extent is 1
    #seqc.fact<at_most arg2[0], 8>       the extent is at most 8
    #seqc.fact<same arg2[0], arg0[0]>    the extents are equal
    #seqc.fact<zero arg7>                every entry of the i32 vector is 0
    #seqc.fact<longest arg3, 64>         offsets: no sequence has more than 64 rows
    #seqc.fact<one_row arg3>             offsets: sequence b has row b and no other
    ```

    Rules, where the fact is in `seqc.assume`:
    * (fact_c1) arguments exist and are shaped; extents are in their rank.
    * (fact_c2) an assumed extent does not contradict a static one.
    * (fact_c3) what is assumed of entries is assumed of an i32 vector.
  }];
  let parameters = (ins "::seqc::ir::FactKind":$kind, "int64_t":$arg,
    DefaultValuedParameter<"int64_t", "0">:$dim,
    DefaultValuedParameter<"int64_t", "0">:$value,
    DefaultValuedParameter<"int64_t", "0">:$other,
    DefaultValuedParameter<"int64_t", "0">:$otherDim);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// About an extent, not about entries.
    bool isOnExtent() const { return getKind() <= ::seqc::ir::FactKind::Same; }
  }];
}

#endif // SEQC_ATTRS_TD
