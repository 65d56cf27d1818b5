//===- DoctorCommand.cpp - what seqc finds on this machine ----------------===//

#include "frontends/cli/Common.h"

#include "runtime/jit/Roofline.h"

#include <dlfcn.h>
#include <fstream>
#include <iostream>
#include <thread>
#include <unistd.h>

using namespace seqc;
using namespace seqc::cli;

static std::string processorName() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);)
    if (line.rfind("model name", 0) == 0 &&
        line.find(": ") != std::string::npos)
      return line.substr(line.find(": ") + 2);
  return "unknown";
}

/// Version of NVRTC found by dlopen, or why there is none.
static std::string findNvrtc() {
  for (const char *name : {"libnvrtc.so", "libnvrtc.so.13", "libnvrtc.so.12"}) {
    void *library = dlopen(name, RTLD_LAZY | RTLD_LOCAL);
    if (!library)
      continue;
    int major = 0, minor = 0;
    auto version =
        reinterpret_cast<int (*)(int *, int *)>(dlsym(library, "nvrtcVersion"));
    if (version && version(&major, &minor) == 0)
      return std::to_string(major) + "." + std::to_string(minor) + " (" + name +
             ")";
  }
  return "not found (libnvrtc.so is not on the library path)";
}

static std::string findDriver() {
  return dlopen("libcuda.so.1", RTLD_LAZY | RTLD_LOCAL)
             ? "found (libcuda.so.1)"
             : "not found (libcuda.so.1)";
}

static std::string describeCache(const EngineOptions &options) {
  if (options.cacheDir.empty())
    return "off";
  std::string existing = options.cacheDir;
  while (access(existing.c_str(), F_OK) != 0 &&
         existing.find('/') != std::string::npos && existing != "/")
    existing = existing.substr(0, std::max<size_t>(existing.rfind('/'), 1));
  bool writable = access(existing.c_str(), W_OK) == 0;
  return options.cacheDir +
         (writable ? "" : " (not writable: set SEQC_CACHE_DIR)");
}

static int runDoctor(const CommonOptions &options) {
  stopAtOnce();
  EngineOptions engineOptions = EngineOptions::fromEnvironment();
  Result<Engine> engine = Engine::create(engineOptions);
  if (!engine)
    return report(engine.status());
  std::vector<std::string> targets = engine->targets();
  std::string joined;
  for (const std::string &target : targets)
    joined += (joined.empty() ? "" : ", ") + target;
  Result<jit::Roofline> roofline = jit::measureRoofline("cpu");
  if (!roofline)
    return report(roofline.status());
  unsigned cores = std::thread::hardware_concurrency();
  if (options.json) {
    nlohmann::ordered_json line = {{"version", SEQC_VERSION},
                                   {"processor", processorName()},
                                   {"cores", cores},
                                   {"targets", targets},
                                   {"fma_gflops", roofline->fmaGflops},
                                   {"exp_gops", roofline->expGops},
                                   {"read_gbs", roofline->readGbs},
                                   {"l2_read_gbs", roofline->l2ReadGbs},
                                   {"nvrtc", findNvrtc()},
                                   {"driver", findDriver()},
                                   {"cache", engineOptions.cacheDir}};
    std::cout << line.dump() << '\n';
    return kDone;
  }
  std::cout << "seqc        " << SEQC_VERSION << '\n'
            << "processor   " << processorName() << ", " << cores << " cores\n"
            << "targets     " << joined << '\n'
            << "fma peak    " << formatNumber(roofline->fmaGflops, 1)
            << " GFLOP/s on one thread\n"
            << "exp         " << formatNumber(roofline->expGops, 1)
            << " Gexp/s on one thread\n"
            << "reads       " << formatNumber(roofline->readGbs, 1)
            << " GB/s from memory, " << formatNumber(roofline->l2ReadGbs, 1)
            << " GB/s from L2, one thread\n"
            << "nvrtc       " << findNvrtc() << '\n'
            << "driver      " << findDriver() << '\n'
            << "cache       " << describeCache(engineOptions) << '\n';
  return kDone;
}

void cli::addDoctorCommand(CLI::App &app, Action &action) {
  auto *doctor = app.add_subcommand(
      "doctor", "what seqc finds on this machine\nexample: seqc doctor --json");
  auto options = std::make_shared<CommonOptions>();
  doctor->add_flag("--json", options->json, "print one JSON object");
  doctor->callback([&action, options] {
    action = [options] { return runDoctor(*options); };
  });
}
