//===- SafetensorsTest.cpp - weight files, good and hostile ---------------===//
//
// Library under test: frontends/safetensors.
//
//===----------------------------------------------------------------------===//

#include "frontends/safetensors/Safetensors.h"

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include <unistd.h>

using namespace seqc;
using namespace seqc::frontend;

namespace {

/// The bytes of a file with this header and data.
std::string makeFile(const std::string &header, size_t dataBytes) {
  std::string bytes(8, '\0');
  for (int i = 0; i < 8; ++i)
    bytes[i] = static_cast<char>(header.size() >> 8 * i);
  bytes += header;
  for (size_t i = 0; i < dataBytes; ++i)
    bytes += static_cast<char>(i);
  return bytes;
}

Result<std::shared_ptr<SafetensorsFile>> parse(const std::string &bytes) {
  return SafetensorsFile::parse(bytes.data(), bytes.size(), "test");
}

void expectError(const std::string &header, size_t dataBytes,
                 const std::string &text,
                 ErrorCode code = ErrorCode::InvalidModel) {
  std::string bytes = makeFile(header, dataBytes);
  auto file = parse(bytes);
  ASSERT_FALSE(file.ok()) << header;
  EXPECT_EQ(file.status().code(), code) << header;
  EXPECT_NE(file.status().message().find(text), std::string::npos)
      << file.status().message() << "\nfor " << header;
}

std::string validFile() {
  float a[6] = {0, 1, 2, 3, 4, 5};
  double b[2] = {-1, 0.5};
  int32_t c[1] = {7};
  uint8_t d[3] = {1, 0, 1};
  int64_t shapeA[] = {2, 3}, shapeB[] = {2}, shapeD[] = {3, 1};
  TensorRef refA{a, DType::F32, Device::Cpu, shapeA, nullptr, 2};
  TensorRef refB{b, DType::F64, Device::Cpu, shapeB, nullptr, 1};
  TensorRef refC{c, DType::I32, Device::Cpu, nullptr, nullptr, 0};
  TensorRef refD{d, DType::U8, Device::Cpu, shapeD, nullptr, 2};
  std::ostringstream stream;
  Status status = writeSafetensors(
      stream, {{"a", refA}, {"b \"quoted\"", refB}, {"c", refC}, {"d", refD}});
  EXPECT_TRUE(status.ok()) << status.str();
  return stream.str();
}

/// Reads every byte that the views reach.
uint64_t touch(const SafetensorsFile &file) {
  uint64_t sum = 0;
  for (const std::string &name : file.names()) {
    TensorRef ref = file.find(name);
    size_t bytes = static_cast<size_t>(elementCount(ref.shape, ref.rank)) *
                   byteSize(ref.dtype);
    const auto *data = static_cast<const unsigned char *>(ref.data);
    for (size_t i = 0; i < bytes; ++i)
      sum += data[i];
  }
  return sum;
}

class TemporaryFile {
public:
  explicit TemporaryFile(const std::string &bytes = "") {
    path = (std::filesystem::temp_directory_path() /
            ("seqc-safetensors-" + std::to_string(::getpid()) + "-" +
             std::to_string(serial++)))
               .string();
    std::ofstream(path, std::ios::binary) << bytes;
  }
  ~TemporaryFile() {
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
  }
  std::string path;

private:
  static inline int serial = 0;
};

} // namespace

TEST(Safetensors, ReadsWhatItWrote) {
  std::string bytes = validFile();
  auto file = parse(bytes);
  ASSERT_TRUE(file.ok()) << file.status().str();
  EXPECT_EQ((*file)->names(),
            (std::vector<std::string>{"a", "b \"quoted\"", "c", "d"}));
  TensorRef a = (*file)->find("a");
  ASSERT_EQ(a.rank, 2);
  EXPECT_EQ(a.shape[0], 2);
  EXPECT_EQ(a.shape[1], 3);
  EXPECT_EQ(static_cast<const float *>(a.data)[5], 5.0f);
  TensorRef b = (*file)->find("b \"quoted\"");
  EXPECT_EQ(b.dtype, DType::F64);
  EXPECT_EQ(static_cast<const double *>(b.data)[1], 0.5);
  TensorRef c = (*file)->find("c");
  EXPECT_EQ(c.rank, 0);
  EXPECT_EQ(*static_cast<const int32_t *>(c.data), 7);
  EXPECT_EQ((*file)->find("missing").data, nullptr);
}

TEST(Safetensors, FileOnDisk) {
  TemporaryFile file(validFile());
  auto opened = SafetensorsFile::open(file.path);
  ASSERT_TRUE(opened.ok()) << opened.status().str();
  EXPECT_EQ((*opened)->description(), file.path);
  EXPECT_EQ(static_cast<const float *>((*opened)->find("a").data)[1], 1.0f);
}

TEST(Safetensors, WritesNoNameTwice) {
  float value = 3;
  TensorRef ref{&value, DType::F32, Device::Cpu, nullptr, nullptr, 0};
  std::ostringstream stream;
  EXPECT_FALSE(writeSafetensors(stream, {{"x", ref}, {"x", ref}}).ok());
  EXPECT_EQ(stream.str(), "");
  ASSERT_TRUE(writeSafetensors(stream, {{"x", ref}}).ok());
  EXPECT_TRUE(parse(stream.str()).ok());
}

TEST(Safetensors, WritesStridedTensors) {
  float values[6] = {0, 1, 2, 3, 4, 5};
  int64_t shape[] = {3, 2}, strides[] = {1, 3};
  TensorRef transposed{values, DType::F32, Device::Cpu, shape, strides, 2};
  std::ostringstream stream;
  ASSERT_TRUE(writeSafetensors(stream, {{"t", transposed}}).ok());
  std::string bytes = stream.str();
  auto file = parse(bytes);
  ASSERT_TRUE(file.ok());
  const auto *data = static_cast<const float *>((*file)->find("t").data);
  EXPECT_EQ(data[1], 3);
  EXPECT_EQ(data[2], 1);
}

TEST(Safetensors, UnavailableFiles) {
  auto missing = SafetensorsFile::open("no/such/file");
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.status().code(), ErrorCode::Unavailable);
  auto folder = SafetensorsFile::open(".");
  ASSERT_FALSE(folder.ok());
  EXPECT_EQ(folder.status().code(), ErrorCode::Unavailable);
  TemporaryFile empty;
  auto opened = SafetensorsFile::open(empty.path);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.status().code(), ErrorCode::InvalidModel);
}

TEST(Safetensors, UnalignedDataIsCopied) {
  std::string header =
      R"({"b":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
      R"("f":{"dtype":"F32","shape":[2],"data_offsets":[1,9]}})";
  std::string bytes = makeFile(header, 9);
  auto file = parse(bytes);
  ASSERT_TRUE(file.ok()) << file.status().str();
  TensorRef f = (*file)->find("f");
  EXPECT_EQ(reinterpret_cast<uintptr_t>(f.data) % 4, 0u);
  EXPECT_EQ(std::memcmp(f.data, bytes.data() + 8 + header.size() + 1, 8), 0);
}

TEST(Safetensors, MetadataAndEmptyTensors) {
  std::string bytes = makeFile(
      R"({"__metadata__":{"format":"pt"},"e":{"dtype":"F32","shape":[0,5],"data_offsets":[0,0]}})",
      0);
  auto file = parse(bytes);
  ASSERT_TRUE(file.ok()) << file.status().str();
  EXPECT_EQ((*file)->metadata().at("format"), "pt");
  EXPECT_EQ((*file)->find("e").rank, 2);
}

TEST(Safetensors, HeaderLengths) {
  for (size_t size : {size_t(0), size_t(7)}) {
    std::string bytes(size, '\0');
    EXPECT_FALSE(parse(bytes).ok());
  }
  for (uint64_t length :
       {uint64_t(3), uint64_t(100), ~uint64_t(0), uint64_t(1) << 40}) {
    std::string bytes = makeFile("{}", 0);
    std::memcpy(bytes.data(), &length, 8);
    auto file = parse(bytes);
    ASSERT_FALSE(file.ok());
    EXPECT_NE(file.status().message().find("header length"), std::string::npos);
  }
}

TEST(Safetensors, HostileHeaders) {
  auto tensor = [](const std::string &body) {
    return "{\"t\":{" + body + "}}";
  };
  expectError("[]", 0, "starts with '{'");
  expectError("{", 0, "not valid JSON");
  expectError("{\"t\":3}", 0, "found a number");
  expectError("{\"t\":[1]}", 0, "in the header");
  expectError(tensor("\"dtype\":\"F32\""), 0, "needs a dtype, a shape");
  expectError(tensor(R"("dtype":"F32","shape":[1],"data_offsets":[0])"), 4,
              "needs");
  expectError(tensor(R"("dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1)"),
              4, "unknown key 'x'");
  expectError(tensor(R"("dtype":"F32","shape":[-1],"data_offsets":[0,4])"), 4,
              "negative");
  expectError(tensor(R"("dtype":"F32","shape":[1.5],"data_offsets":[0,4])"), 4,
              "fractional");
  expectError(tensor(R"("dtype":"F32","shape":[[1]],"data_offsets":[0,4])"), 4,
              "found");
  expectError(tensor(R"("dtype":"F32","shape":[1],"data_offsets":[0,8])"), 4,
              "inside the 4 bytes");
  expectError(tensor(R"("dtype":"F32","shape":[1],"data_offsets":[4,0])"), 4,
              "expected a range");
  expectError(tensor(R"("dtype":"F32","shape":[2],"data_offsets":[0,4])"), 4,
              "make 8 bytes");
  expectError(
      tensor(
          R"("dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,4])"),
      4, "overflows");
  expectError(
      tensor(
          R"("dtype":"F32","shape":[18446744073709551615,0],"data_offsets":[0,0])"),
      0, "overflows");
  expectError(tensor(R"("dtype":"F32","shape":[1],"data_offsets":[4,8])"), 8,
              "belong to no tensor");
  expectError(tensor(R"("dtype":"F32","shape":[1],"data_offsets":[0,4])"), 5,
              "1 bytes at the end");
  expectError(
      tensor(R"("dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4])"),
      4, "'dtype' occurs twice");
  std::string one = R"({"dtype":"F32","shape":[1],"data_offsets":[0,4]})";
  expectError("{\"t\":" + one + ",\"t\":" + one + "}", 4, "'t' occurs twice");
  expectError("{\"t\":" + one + ",\"u\":" + one + "}", 4, "overlaps");
  for (const char *dtype : {"F16", "BF16", "BOOL", "F8_E4M3"})
    expectError(tensor("\"dtype\":\"" + std::string(dtype) +
                       R"(","shape":[1],"data_offsets":[0,4])"),
                4, "tensor 't' has dtype " + std::string(dtype),
                ErrorCode::Unsupported);
}

/// Whatever bytes a file has: either it is refused, or its views stay inside it
/// (an address sanitizer build checks the reads of touch()).
TEST(Safetensors, RandomMutationsNeverReadOutside) {
  const std::string valid = validFile();
  uint64_t headerBytes = 0;
  std::memcpy(&headerBytes, valid.data(), 8);
  std::mt19937 random(20240607);
  const std::string digits = "0123456789{}[]\",:-.eE \\tFI346";
  int accepted = 0;
  uint64_t sum = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string bytes = valid;
    int edits = 1 + static_cast<int>(random() % 3);
    for (int i = 0; i < edits; ++i) {
      size_t at = random() % (8 + headerBytes);
      switch (random() % 4) {
      case 0:
        bytes[at] = static_cast<char>(random());
        break;
      case 1:
        bytes[at] = digits[random() % digits.size()];
        break;
      case 2:
        bytes.erase(at, 1 + random() % 4);
        break;
      default:
        bytes.insert(at, 1, digits[random() % digits.size()]);
      }
    }
    if (random() % 8 == 0)
      bytes.resize(random() % bytes.size());
    // An exact heap block, so that one byte too far is outside of it.
    std::vector<char> exact(bytes.begin(), bytes.end());
    auto file = SafetensorsFile::parse(exact.data(), exact.size(), "mutated");
    if (!file)
      continue;
    ++accepted;
    sum += touch(**file);
  }
  // Renamed tensors and the like are still valid files.
  EXPECT_GT(accepted, 0);
  EXPECT_LT(accepted, 20000);
  EXPECT_GT(sum, 0u);
}

TEST(MemoryWeights, AddAndFind) {
  float values[4] = {1, 2, 3, 4};
  int64_t shape[] = {2, 2}, dense[] = {2, 1}, transposed[] = {1, 2},
          negative[] = {-2, -2};
  MemoryWeights weights("mine");
  EXPECT_TRUE(
      weights.add("w", {values, DType::F32, Device::Cpu, shape, dense, 2})
          .ok());
  EXPECT_FALSE(
      weights.add("w", {values, DType::F32, Device::Cpu, shape, nullptr, 2})
          .ok());
  EXPECT_FALSE(
      weights.add("t", {values, DType::F32, Device::Cpu, shape, transposed, 2})
          .ok());
  EXPECT_FALSE(
      weights.add("n", {values, DType::F32, Device::Cpu, negative, nullptr, 2})
          .ok());
  EXPECT_FALSE(
      weights.add("z", {nullptr, DType::F32, Device::Cpu, shape, nullptr, 2})
          .ok());
  shape[0] = 99; // the source keeps its own copy
  EXPECT_EQ(weights.find("w").shape[0], 2);
  EXPECT_EQ(weights.find("w").data, values);
  EXPECT_EQ(weights.names(), std::vector<std::string>{"w"});
  EXPECT_EQ(weights.description(), "mine");
}

TEST(CombinedWeights, NamesMustDiffer) {
  float value = 1;
  TensorRef ref{&value, DType::F32, Device::Cpu, nullptr, nullptr, 0};
  auto first = std::make_shared<MemoryWeights>("one");
  auto second = std::make_shared<MemoryWeights>("two");
  ASSERT_TRUE(first->add("b", ref).ok());
  ASSERT_TRUE(second->add("a", ref).ok());
  auto both = CombinedWeights::create({first, second});
  ASSERT_TRUE(both.ok());
  EXPECT_EQ((*both)->names(), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ((*both)->find("a").data, &value);
  EXPECT_EQ((*both)->find("c").data, nullptr);
  ASSERT_TRUE(second->add("b", ref).ok());
  auto clash = CombinedWeights::create({first, second});
  ASSERT_FALSE(clash.ok());
  EXPECT_NE(clash.status().message().find("'b' is in one and in two"),
            std::string::npos);
}
