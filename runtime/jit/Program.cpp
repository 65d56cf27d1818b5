//===- Program.cpp - a compiled model -------------------------------------===//

#include "runtime/jit/ProgramImpl.h"

#include "runtime/core/SessionImpl.h"

using namespace seqc;

const Signature &Program::signature() const { return impl->signature; }
std::string_view Program::fingerprint() const { return impl->fingerprint; }
std::string_view Program::target() const { return impl->target; }
const CompileStats &Program::stats() const { return impl->stats; }
std::string Program::explain() const {
  return rt::explain(impl->loaded->plan());
}

std::string Program::metadata(std::string_view key) const {
  auto found = impl->metadata.find(std::string(key));
  return found == impl->metadata.end() ? std::string() : found->second;
}

Result<Session> Program::session(const SessionOptions &options) const {
  std::shared_ptr<const rt::Parallel> parallel = impl->parallel;
  if (options.threads > 0 && options.threads != parallel->threads())
    parallel = std::make_shared<const rt::Parallel>(options.threads);
  return rt::makeSession(impl->loaded, parallel);
}
