//===- SafetensorsWriter.cpp - writes weight files ------------------------===//

#include "frontends/safetensors/Safetensors.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <new>
#include <ostream>

using namespace seqc;
using namespace seqc::frontend;

static uint64_t tensorBytes(const TensorRef &tensor) {
  return static_cast<uint64_t>(elementCount(tensor.shape, tensor.rank)) *
         byteSize(tensor.dtype);
}

static Status checkTensor(const NamedTensor &tensor) {
  const TensorRef &ref = tensor.second;
  auto invalid = [&](const char *text) {
    return Status::error(ErrorCode::InvalidArgument,
                         "tensor '" + tensor.first + "' " + text);
  };
  if (tensor.first.empty() || tensor.first == "__metadata__")
    return invalid("needs another name");
  if (ref.device == Device::Cuda)
    return invalid("is not in the memory of the host");
  for (int32_t i = 0; i < ref.rank; ++i)
    if (ref.shape[i] < 0)
      return invalid("has a negative extent");
  if (!ref.data && tensorBytes(ref) != 0)
    return invalid("has no data");
  return Status();
}

/// Writes the elements of a strided tensor in row-major order.
static void writeElements(std::ostream &stream, const TensorRef &tensor,
                          const char *data, int32_t axis) {
  size_t size = byteSize(tensor.dtype);
  if (!tensor.strides) {
    stream.write(data, static_cast<std::streamsize>(tensorBytes(tensor)));
    return;
  }
  if (axis == tensor.rank) {
    stream.write(data, static_cast<std::streamsize>(size));
    return;
  }
  for (int64_t i = 0; i < tensor.shape[axis]; ++i)
    writeElements(stream, tensor,
                  data + i * tensor.strides[axis] * static_cast<int64_t>(size),
                  axis + 1);
}

/// Tensors in file order: wide elements first, so that each starts aligned.
static std::vector<const NamedTensor *>
fileOrder(const std::vector<NamedTensor> &tensors) {
  std::vector<const NamedTensor *> order;
  for (const NamedTensor &tensor : tensors)
    order.push_back(&tensor);
  std::sort(order.begin(), order.end(),
            [](const NamedTensor *a, const NamedTensor *b) {
              size_t left = byteSize(a->second.dtype),
                     right = byteSize(b->second.dtype);
              return left != right ? left > right : a->first < b->first;
            });
  return order;
}

static std::string headerText(const std::vector<const NamedTensor *> &order) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  uint64_t offset = 0;
  for (const NamedTensor *tensor : order) {
    const TensorRef &ref = tensor->second;
    uint64_t end = offset + tensorBytes(ref);
    header[tensor->first] = {
        {"dtype", toString(ref.dtype)},
        {"shape", std::vector<int64_t>(ref.shape, ref.shape + ref.rank)},
        {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');
  return text;
}

static Status writeChecked(std::ostream &stream,
                           const std::vector<NamedTensor> &tensors) {
  std::vector<const NamedTensor *> order = fileOrder(tensors);
  for (const NamedTensor &tensor : tensors)
    if (Status status = checkTensor(tensor); !status.ok())
      return status;
  std::vector<std::string> names;
  for (const NamedTensor &tensor : tensors)
    names.push_back(tensor.first);
  std::sort(names.begin(), names.end());
  if (auto twin = std::adjacent_find(names.begin(), names.end());
      twin != names.end())
    return Status::error(ErrorCode::InvalidArgument,
                         "tensor '" + *twin + "' is given twice");

  std::string header = headerText(order);
  char length[8];
  for (int i = 0; i < 8; ++i)
    length[i] =
        static_cast<char>(static_cast<uint64_t>(header.size()) >> 8 * i);
  stream.write(length, sizeof(length));
  stream.write(header.data(), static_cast<std::streamsize>(header.size()));
  for (const NamedTensor *tensor : order)
    writeElements(stream, tensor->second,
                  static_cast<const char *>(tensor->second.data), 0);
  stream.flush();
  if (!stream)
    return Status::error(ErrorCode::ResourceExhausted,
                         "writing the tensors failed");
  return Status();
}

Status frontend::writeSafetensors(std::ostream &stream,
                                  const std::vector<NamedTensor> &tensors) {
  try {
    return writeChecked(stream, tensors);
  } catch (const nlohmann::json::exception &) {
    return Status::error(ErrorCode::InvalidArgument,
                         "a tensor name is not valid UTF-8");
  } catch (const std::bad_alloc &) {
    return Status::error(ErrorCode::ResourceExhausted, "not enough memory");
  }
}
