//===- Environment.cpp - the only reader of environment variables ---------===//
#include "seqc/Engine.h"

#include <cstdlib>
#include <unistd.h>

namespace seqc {

static std::string variable(const char *name) {
  const char *value = std::getenv(name);
  return value ? value : "";
}

static bool isSet(const char *name) {
  std::string value = variable(name);
  return !value.empty() && value != "0" && value != "false" && value != "off";
}

/// The XDG rules: a relative path is as good as none.
static std::string defaultCacheDir() {
  std::string base = variable("XDG_CACHE_HOME");
  if (!base.empty() && base[0] == '/')
    return base + "/seqc";
  std::string home = variable("HOME");
  return home.empty() || home[0] != '/' ? "" : home + "/.cache/seqc";
}

EngineOptions EngineOptions::fromEnvironment() {
  EngineOptions options;
  options.cacheDir = variable("SEQC_CACHE_DIR");
  if (options.cacheDir.empty())
    options.cacheDir = defaultCacheDir();
  if (isSet("SEQC_DISABLE_CACHE"))
    options.cacheDir.clear();

  std::string threads = variable("SEQC_THREADS");
  char *end = nullptr;
  long count = std::strtol(threads.c_str(), &end, 10);
  if (!threads.empty()) {
    bool legal =
        *end == '\0' && count >= 0 && count <= EngineOptions::kMaxThreads;
    options.threads = legal ? static_cast<int>(count) : -1;
  }
  if (isSet("SEQC_PERF_MAP"))
    options.perfMap = "/tmp/perf-" + std::to_string(getpid()) + ".map";
  return options;
}

} // namespace seqc
