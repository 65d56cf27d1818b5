//===- Safetensors.h - mapped and validated weight files ------------------===//
//
// A safetensors file is eight bytes of little-endian header length, a JSON
// header that names tensors, and one buffer of tensor data. Nothing in a file
// is believed before it is checked: whatever the bytes say, no view that this
// reader returns reaches outside the file.
//
//===----------------------------------------------------------------------===//
#ifndef SEQC_FRONTENDS_SAFETENSORS_SAFETENSORS_H
#define SEQC_FRONTENDS_SAFETENSORS_SAFETENSORS_H

#include "seqc/Status.h"
#include "seqc/Tensor.h"
#include "seqc/WeightSource.h"

#include <iosfwd>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace seqc::frontend {

/// A safetensors file in memory. Immutable after it is made, so thread-safe.
/// The file must not be truncated by others while it is mapped.
class SafetensorsFile final : public WeightSource {
public:
  /// Maps the file and checks all of it but the tensor values.
  static Result<std::shared_ptr<SafetensorsFile>> open(const std::string &path);
  /// Reads from the caller's memory, which must outlive the result. `name` is
  /// what messages call it.
  static Result<std::shared_ptr<SafetensorsFile>>
  parse(const void *data, size_t size, std::string name);
  ~SafetensorsFile() override;
  SafetensorsFile(const SafetensorsFile &) = delete;
  SafetensorsFile &operator=(const SafetensorsFile &) = delete;

  std::vector<std::string> names() const override;
  /// Aligned to the element size.
  TensorRef find(std::string_view name) const override;
  std::string description() const override { return name; }
  /// The header's free-form entries.
  const std::map<std::string, std::string> &metadata() const {
    return freeForm;
  }

private:
  struct Entry {
    DType dtype = DType::F32;
    std::vector<int64_t> shape;
    const std::byte *data = nullptr;
    /// Holds a copy where the file has the tensor at an unaligned address.
    std::unique_ptr<std::byte[]> aligned;
  };
  SafetensorsFile() = default;
  Status load(const std::byte *bytes, size_t size);

  std::string name;
  std::map<std::string, Entry, std::less<>> tensors;
  std::map<std::string, std::string> freeForm;
  void *mapping = nullptr;
  size_t mappingBytes = 0;
};

/// The caller's tensors by name. Not thread-safe while tensors are added.
class MemoryWeights final : public WeightSource {
public:
  explicit MemoryWeights(std::string description = "memory")
      : text(std::move(description)) {}
  /// Keeps a view: `tensor.data` must outlive this object, the shape need not.
  /// Refuses a second tensor of the same name and tensors that are not dense.
  Status add(std::string name, const TensorRef &tensor);

  std::vector<std::string> names() const override;
  TensorRef find(std::string_view name) const override;
  std::string description() const override { return text; }

private:
  struct Entry {
    DType dtype;
    std::vector<int64_t> shape;
    void *data;
  };
  std::string text;
  std::map<std::string, Entry, std::less<>> tensors;
};

/// Several sources seen as one.
class CombinedWeights final : public WeightSource {
public:
  /// Refuses a name that two sources have.
  static Result<std::shared_ptr<const WeightSource>>
  create(std::vector<std::shared_ptr<const WeightSource>> sources);

  std::vector<std::string> names() const override;
  TensorRef find(std::string_view name) const override;
  std::string description() const override;

private:
  std::vector<std::shared_ptr<const WeightSource>> sources;
};

using NamedTensor = std::pair<std::string, TensorRef>;

/// Writes the bytes of a safetensors file.
Status writeSafetensors(std::ostream &stream,
                        const std::vector<NamedTensor> &tensors);

} // namespace seqc::frontend

#endif // SEQC_FRONTENDS_SAFETENSORS_SAFETENSORS_H
