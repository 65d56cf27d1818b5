//===- WeightSource.h - where a plan's weights come from ------------------===//
#ifndef SEQC_WEIGHTSOURCE_H
#define SEQC_WEIGHTSOURCE_H

#include "seqc/Status.h"
#include "seqc/Tensor.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace seqc {

/// A named tensor inside a weight source.
struct WeightInfo {
  std::string name;
  DType dtype = DType::F32;
  std::vector<int64_t> shape;
};

/// Named read-only tensors. Implementations: mapped safetensors files
/// (frontends/safetensors) and the caller's memory. Thread-safe; the returned
/// views live as long as the source.
class WeightSource {
public:
  virtual ~WeightSource();
  /// All names, sorted.
  virtual std::vector<std::string> names() const = 0;
  /// Dense row-major view, or nullptr data if there is no such tensor.
  virtual TensorRef find(std::string_view name) const = 0;
  /// What messages call this source, e.g. a file name.
  virtual std::string description() const = 0;
};

} // namespace seqc

#endif // SEQC_WEIGHTSOURCE_H
