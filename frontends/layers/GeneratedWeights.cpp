//===- GeneratedWeights.cpp - tables that stand in no weight file ---------===//

#include "frontends/layers/GeneratedWeights.h"

#include <charconv>
#include <cmath>
#include <optional>

using namespace seqc;
using namespace seqc::frontend;

static constexpr std::string_view kRotary = "$rotary.";

std::string frontend::rotaryTableName(double theta, int64_t positions,
                                      int64_t pairs, std::string_view part) {
  char text[32];
  // The shortest text that reads back as the same number.
  auto [end, error] = std::to_chars(text, text + sizeof(text), theta);
  (void)error;
  return std::string(kRotary) + std::string(text, end) + "." +
         std::to_string(positions) + "x" + std::to_string(pairs) + "." +
         std::string(part);
}

bool frontend::isGeneratedWeight(std::string_view name) {
  return name.substr(0, 1) == "$";
}

template <class T> static std::optional<T> parseNumber(std::string_view text) {
  T value{};
  auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size())
    return std::nullopt;
  return value;
}

bool frontend::fillGeneratedWeight(std::string_view name, float *out,
                                   int64_t count) {
  if (name.substr(0, kRotary.size()) != kRotary)
    return false;
  name.remove_prefix(kRotary.size());
  // From the right, since theta may hold a point.
  size_t partDot = name.rfind('.');
  if (partDot == std::string_view::npos)
    return false;
  std::string_view part = name.substr(partDot + 1);
  name = name.substr(0, partDot);
  size_t shapeDot = name.rfind('.');
  if (shapeDot == std::string_view::npos || (part != "cos" && part != "sin"))
    return false;
  std::string_view shape = name.substr(shapeDot + 1);
  size_t cross = shape.find('x');
  if (cross == std::string_view::npos)
    return false;
  auto theta = parseNumber<double>(name.substr(0, shapeDot));
  auto positions = parseNumber<int64_t>(shape.substr(0, cross));
  auto pairs = parseNumber<int64_t>(shape.substr(cross + 1));
  if (!theta || !positions || !pairs || *positions <= 0 || *pairs <= 0 ||
      count % *pairs != 0 || count / *pairs != *positions)
    return false;
  for (int64_t c = 0; c < *pairs; ++c) {
    double frequency =
        std::pow(*theta, -static_cast<double>(c) / static_cast<double>(*pairs));
    for (int64_t p = 0; p < *positions; ++p) {
      double angle = static_cast<double>(p) * frequency;
      out[p * *pairs + c] =
          static_cast<float>(part == "cos" ? std::cos(angle) : std::sin(angle));
    }
  }
  return true;
}
