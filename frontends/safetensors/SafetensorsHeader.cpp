//===- SafetensorsHeader.cpp - reads the JSON header ----------------------===//

#include "frontends/safetensors/SafetensorsHeader.h"

#include <nlohmann/json.hpp>

#include <new>
#include <set>

using namespace seqc;
using namespace seqc::frontend;

namespace {

/// Receives the header's tokens. The header has a fixed depth, so a small state
/// machine reads it without building a tree of untrusted size.
class HeaderHandler {
public:
  using number_integer_t = nlohmann::json::number_integer_t;
  using number_unsigned_t = nlohmann::json::number_unsigned_t;
  using number_float_t = nlohmann::json::number_float_t;
  using string_t = nlohmann::json::string_t;
  using binary_t = nlohmann::json::binary_t;

  SafetensorsHeader header;
  std::string problem;

  bool null() { return unexpected("null"); }
  bool boolean(bool) { return unexpected("a boolean"); }
  bool number_integer(number_integer_t) {
    return unexpected("a negative number");
  }
  bool number_float(number_float_t, const string_t &) {
    return unexpected("a fractional number");
  }
  bool binary(binary_t &) { return unexpected("binary data"); }

  bool number_unsigned(number_unsigned_t value) {
    if (state == State::Shape)
      header.tensors.back().shape.push_back(value);
    else if (state == State::Offsets)
      header.tensors.back().offsets.push_back(value);
    else
      return unexpected("a number");
    return true;
  }

  bool string(string_t &value) {
    if (state == State::Tensor && field == "dtype") {
      header.tensors.back().dtype = value;
      return true;
    }
    if (state == State::Metadata) {
      header.metadata[field] = value;
      return true;
    }
    return unexpected("a string");
  }

  bool start_object(std::size_t) {
    if (state == State::Start) {
      state = State::Root;
      return true;
    }
    if (state != State::Root)
      return unexpected("an object");
    if (field == "__metadata__") {
      state = State::Metadata;
    } else {
      state = State::Tensor;
      header.tensors.push_back({});
      header.tensors.back().name = field;
    }
    fields.clear();
    return true;
  }

  bool key(string_t &value) {
    std::set<std::string> &known = state == State::Root ? rootFields : fields;
    if (!known.insert(value).second) {
      problem = "key '" + value + "' occurs twice" + where();
      return false;
    }
    if (state == State::Tensor && value != "dtype" && value != "shape" &&
        value != "data_offsets") {
      problem = "unknown key '" + value + "'" + where() +
                ", expected dtype, shape and data_offsets";
      return false;
    }
    field = value;
    return true;
  }

  bool end_object() {
    if (state == State::Tensor && !isComplete(header.tensors.back()))
      return false;
    state = state == State::Root ? State::Done : State::Root;
    return true;
  }

  bool start_array(std::size_t) {
    if (state != State::Tensor || field == "dtype")
      return unexpected("a list");
    state = field == "shape" ? State::Shape : State::Offsets;
    header.tensors.back().hasShape |= state == State::Shape;
    return true;
  }

  bool end_array() {
    state = State::Tensor;
    return true;
  }

  bool parse_error(std::size_t position, const std::string &,
                   const nlohmann::detail::exception &) {
    problem = "header is not valid JSON at byte " + std::to_string(position);
    return false;
  }

private:
  enum class State { Start, Root, Metadata, Tensor, Shape, Offsets, Done };

  std::string where() const {
    if (state == State::Metadata)
      return " in __metadata__";
    if (state == State::Root || state == State::Start || header.tensors.empty())
      return " in the header";
    return " in tensor '" + header.tensors.back().name + "'";
  }

  bool unexpected(const char *found) {
    problem = std::string("found ") + found + where() +
              (field.empty() ? "" : " at key '" + field + "'");
    return false;
  }

  bool isComplete(const HeaderEntry &entry) {
    if (!entry.dtype.empty() && entry.hasShape && entry.offsets.size() == 2)
      return true;
    problem = "tensor '" + entry.name +
              "' needs a dtype, a shape and two data_offsets";
    return false;
  }

  State state = State::Start;
  std::string field;
  std::set<std::string> rootFields, fields;
};

} // namespace

Result<SafetensorsHeader>
frontend::parseSafetensorsHeader(std::string_view json,
                                 const std::string &file) {
  try {
    HeaderHandler handler;
    if (nlohmann::json::sax_parse(json.begin(), json.end(), &handler))
      return std::move(handler.header);
    return Status::error(ErrorCode::InvalidModel,
                         file + ": " + handler.problem);
  } catch (const std::bad_alloc &) {
    return Status::error(ErrorCode::ResourceExhausted,
                         file + ": not enough memory for the header");
  }
}
