//===- CacheCommand.cpp - `seqc cache` ------------------------------------===//

#include "frontends/cli/Common.h"

#include "runtime/core/Store.h"
#include "runtime/core/StoreMeta.h"

#include <charconv>
#include <chrono>
#include <iostream>

using namespace seqc;
using namespace seqc::cli;

namespace {
struct CacheOptions {
  bool json = false;
  uint64_t maxMegabytes = 256;
};
} // namespace

static std::string formatAge(int64_t lastUse) {
  int64_t now = std::chrono::duration_cast<std::chrono::nanoseconds>(
                    std::chrono::system_clock::now().time_since_epoch())
                    .count();
  double seconds = double(now - lastUse) * 1e-9;
  if (seconds < 0)
    return "-";
  if (seconds < 120)
    return formatNumber(seconds, 0) + " s";
  if (seconds < 7200)
    return formatNumber(seconds / 60, 0) + " min";
  if (seconds < 172800)
    return formatNumber(seconds / 3600, 0) + " h";
  return formatNumber(seconds / 86400, 0) + " d";
}

/// The cache that the environment names; an error if it is off or unusable.
static Result<std::shared_ptr<rt::Store>> openStore() {
  EngineOptions options = EngineOptions::fromEnvironment();
  if (options.cacheDir.empty())
    return Status::error(ErrorCode::Unavailable,
                         "the disk cache is off: SEQC_DISABLE_CACHE is set, or "
                         "no home folder is known; set SEQC_CACHE_DIR");
  std::shared_ptr<rt::Store> store =
      rt::Store::open({options.cacheDir, options.cacheBytes, {}, {}, {}});
  if (Status status = store->diskStatus(); !status.ok())
    return Status::error(ErrorCode::Unavailable, status.message());
  return store;
}

static nlohmann::ordered_json jsonOf(const rt::StoreItem &item,
                                     const rt::StoreMeta &meta) {
  nlohmann::ordered_json line = {{"key", item.key},
                                 {"kind", meta.kind},
                                 {"name", meta.name},
                                 {"bytes", item.bytes},
                                 {"last_use_ns", item.lastUse},
                                 {"legible", item.legible}};
  for (const auto &[key, value] : meta.fields) {
    double number = 0;
    auto [end, error] =
        std::from_chars(value.data(), value.data() + value.size(), number);
    if (error == std::errc() && end == value.data() + value.size())
      line[key] = number;
    else
      line[key] = value;
  }
  return line;
}

static int listEntries(const CacheOptions &options) {
  Result<std::shared_ptr<rt::Store>> store = openStore();
  if (!store)
    return report(store.status());
  Result<std::vector<rt::StoreItem>> items = (*store)->list();
  if (!items)
    return report(items.status());
  uint64_t total = 0;
  std::vector<std::vector<std::string>> table = {
      {"what", "name", "target", "bytes", "used", "measured", "key"}};
  for (const rt::StoreItem &item : *items) {
    total += item.bytes;
    rt::StoreMeta meta = rt::parseStoreMeta(item.meta);
    if (options.json)
      std::cout << jsonOf(item, meta).dump() << '\n';
    std::string ms(meta.field("ms"));
    table.push_back({item.legible ? meta.kind : "(damaged)", meta.name,
                     std::string(meta.field("target")),
                     std::to_string(item.bytes), formatAge(item.lastUse),
                     ms.empty() ? "-" : ms + " ms", item.key.substr(0, 12)});
  }
  if (!options.json)
    std::cout << formatTable(table) << items->size() << " entries, " << total
              << " bytes in " << (*store)->path() << '\n';
  return kDone;
}

static int printReport(const Result<rt::StoreReport> &result, const char *verb,
                       bool json) {
  if (!result)
    return report(result.status());
  if (json) {
    nlohmann::ordered_json line = {{"done", verb},
                                   {"kept", result->kept},
                                   {"kept_bytes", result->keptBytes},
                                   {"removed", result->removed.size()},
                                   {"removed_bytes", result->removedBytes},
                                   {"damaged", result->defects}};
    std::cout << line.dump() << '\n';
    return result->defects.empty() ? kDone : kCheckFailed;
  }
  for (const std::string &key : result->defects)
    std::cout << "damaged: " << key << '\n';
  std::cout << verb << ": kept " << result->kept << " entries of "
            << result->keptBytes << " bytes, removed " << result->removed.size()
            << " of " << result->removedBytes << " bytes\n";
  return result->defects.empty() ? kDone : kCheckFailed;
}

static int printPath(const CacheOptions &options) {
  Result<std::shared_ptr<rt::Store>> store = openStore();
  if (!store)
    return report(store.status());
  if (options.json)
    std::cout << nlohmann::json({{"path", (*store)->path()}}).dump() << '\n';
  else
    std::cout << (*store)->path() << '\n';
  return kDone;
}

/// An error if there are entries that the work neither kept nor removed.
static Status checkRemoved(const rt::Store &store,
                           const Result<rt::StoreReport> &result) {
  Result<std::vector<rt::StoreItem>> items = store.list();
  if (!result || !items)
    return {};
  size_t known = result->kept + result->defects.size();
  if (items->size() <= known)
    return {};
  return Status::error(ErrorCode::Unavailable,
                       "cannot delete " +
                           std::to_string(items->size() - known) +
                           " entries in " + store.path() +
                           ": the folder cannot be written; change its "
                           "permissions");
}

using StoreWork = std::function<Result<rt::StoreReport>(rt::Store &)>;

/// A subcommand that works on the store and prints what that did.
static void addReport(CLI::App &command, Action &action,
                      const std::shared_ptr<CacheOptions> &options,
                      const char *verb, StoreWork work) {
  command.add_flag("--json", options->json, "as a JSON object");
  command.callback([&action, options, verb, work = std::move(work)] {
    action = [options, verb, work] {
      Result<std::shared_ptr<rt::Store>> store = openStore();
      if (!store)
        return report(store.status());
      Result<rt::StoreReport> result = work(**store);
      Status left = checkRemoved(**store, result);
      return left.ok() ? printReport(result, verb, options->json)
                       : report(left);
    };
  });
}

void cli::addCacheCommand(CLI::App &app, Action &action) {
  auto *cache = app.add_subcommand(
      "cache", "look at and tidy the cache of compiled kernels\n"
               "example: seqc cache list");
  cache->require_subcommand(1);
  auto options = std::make_shared<CacheOptions>();
  auto *list =
      cache->add_subcommand("list", "entries, most recently used first");
  list->add_flag("--json", options->json, "one JSON object per entry");
  list->callback([&action, options] {
    action = [options] { return listEntries(*options); };
  });
  auto *verify = cache->add_subcommand(
      "verify", "read every entry; exit code 1 if one is damaged");
  addReport(*verify, action, options, "verified", [](rt::Store &store) {
    return store.verify(/*removeDefects=*/false);
  });
  auto *prune = cache->add_subcommand(
      "prune", "drop leftovers and the least recently used entries");
  prune->add_option("--max-mb", options->maxMegabytes, "megabytes to keep")
      ->capture_default_str();
  addReport(*prune, action, options, "pruned", [options](rt::Store &store) {
    return store.prune(options->maxMegabytes << 20);
  });
  auto *clear = cache->add_subcommand("clear", "drop every entry");
  addReport(*clear, action, options, "cleared",
            [](rt::Store &store) { return store.clear(); });
  auto *path = cache->add_subcommand("path", "print the folder");
  path->add_flag("--json", options->json, "as a JSON object");
  path->callback([&action, options] {
    action = [options] { return printPath(*options); };
  });
}
