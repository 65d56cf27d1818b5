// Continues a text with a byte-level language model, from C++ and no Python:
//   embed model.json "In the beginning " 40
#include <seqc/Engine.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <vector>

template <class T> static T orExit(seqc::Result<T> result) {
  if (result)
    return std::move(result).value();
  std::fprintf(stderr, "%s\n", result.status().str().c_str());
  std::exit(1);
}

int main(int argc, char **argv) {
  if (argc != 4)
    return std::fprintf(stderr, "usage: embed MODEL PROMPT TOKENS\n"), 2;
  seqc::Engine engine = orExit(seqc::Engine::create());
  seqc::Program program = orExit(engine.compile(seqc::ModelSource::fromFile(argv[1])));
  seqc::Session session = orExit(program.session());
  const int64_t vocabulary = program.signature().outputs[0].shape[2];

  // A token is a byte, 0 to 255.
  std::vector<int32_t> tokens;
  for (const char *byte = argv[2]; *byte; ++byte)
    tokens.push_back(static_cast<unsigned char>(*byte));
  if (tokens.empty())
    return std::fprintf(stderr, "expected a prompt of at least one byte\n"), 2;
  for (int left = std::atoi(argv[3]); left > 0; --left) {
    const int64_t count = static_cast<int64_t>(tokens.size());
    std::vector<float> logits(count * vocabulary);
    int64_t idShape[] = {1, count}, logitShape[] = {1, count, vocabulary};
    seqc::TensorRef ids{tokens.data(), seqc::DType::I32, seqc::Device::Cpu, idShape, nullptr, 2};
    seqc::TensorRef out{logits.data(), seqc::DType::F32, seqc::Device::Cpu, logitShape, nullptr, 3};
    if (seqc::Status status = session.run(&ids, 1, &out, 1); !status.ok())
      return std::fprintf(stderr, "%s\n", status.str().c_str()), 1;
    // The session carries its state: from here on one token at a time.
    const float *last = logits.data() + (count - 1) * vocabulary;
    tokens.assign(1, static_cast<int32_t>(std::max_element(last, last + vocabulary) - last));
    std::putchar(tokens[0]);
  }
  std::putchar('\n');
}
