//===- ProfileText.cpp - profiles added up, and as JSON -------------------===//
//
// Compiled with exceptions, since the JSON library throws. None leaves this
// file.
//
//===----------------------------------------------------------------------===//
#include "runtime/core/JsonFields.h"
#include "runtime/core/Profiler.h"
#include "seqc/Profile.h"

#include <algorithm>

using namespace seqc;
using namespace seqc::rt;

static constexpr const char *kFormat = "seqc-profile";
static constexpr int64_t kVersion = 1;

//===----------------------------------------------------------------------===//
// Adding up
//===----------------------------------------------------------------------===//

static Status differs(const Profile &into, const Profile &other) {
  std::string how = into.model != other.model
                        ? "got one of '" + other.model + "'"
                        : std::string("got one with other ") + kFingerprinted;
  return Status::error(ErrorCode::InvalidArgument,
                       "expected a profile of the same program as that of '" +
                           into.model + "', " + how);
}

template <size_t N>
static void addBins(std::array<int64_t, N> &into,
                    const std::array<int64_t, N> &other) {
  for (size_t i = 0; i < N; ++i)
    into[i] += other[i];
}

Status Profile::merge(const Profile &other) {
  bool same = fingerprint == other.fingerprint &&
              layers.size() == other.layers.size() &&
              sites.size() == other.sites.size();
  for (size_t i = 0; same && i < sites.size(); ++i)
    same = sites[i].classes.size() == other.sites[i].classes.size();
  if (!same)
    return differs(*this, other);
  calls += other.calls;
  rows += other.rows;
  addBins(lengths, other.lengths);
  for (size_t i = 0; i < layers.size(); ++i) {
    Layer &layer = layers[i];
    const Layer &more = other.layers[i];
    layer.calls += more.calls;
    layer.rows += more.rows;
    layer.active += more.active;
    layer.insideWindow += more.insideWindow;
    addBins(layer.density, more.density);
    addBins(layer.longestActive, more.longestActive);
  }
  for (size_t i = 0; i < sites.size(); ++i)
    for (size_t c = 0; c < sites[i].classes.size(); ++c)
      sites[i].classes[c].second += other.sites[i].classes[c].second;
  return {};
}

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

std::string Profile::serialise() const {
  Json json;
  json["format"] = kFormat;
  json["version"] = kVersion;
  json["model"] = model;
  json["fingerprint"] = fingerprint;
  json["calls"] = calls;
  json["rows"] = rows;
  json["lengths"] = lengths;
  json["layers"] = Json::array();
  for (const Layer &layer : layers) {
    Json item;
    item["layer"] = layer.layer;
    item["calls"] = layer.calls;
    item["rows"] = layer.rows;
    item["active"] = layer.active;
    item["density"] = layer.density;
    item["longestActive"] = layer.longestActive;
    item["window"] = layer.window;
    item["insideWindow"] = layer.insideWindow;
    json["layers"].push_back(std::move(item));
  }
  json["sites"] = Json::array();
  for (const Site &site : sites) {
    Json item;
    item["layer"] = site.layer;
    item["kernel"] = site.kernel;
    item["classes"] = Json::array();
    for (const auto &[name, count] : site.classes)
      item["classes"].push_back(Json::array({name, count}));
    json["sites"].push_back(std::move(item));
  }
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

static int64_t number(const Json &json, const char *name, int64_t least = 0) {
  int64_t value = integer<int64_t>(json, name);
  if (value < least)
    throw Malformed{std::string("expected a count for '") + name + "'"};
  return value;
}

static const Json &list(const Json &json, const char *name) {
  return array(field(json, name), name);
}

template <size_t N>
static void bins(const Json &json, const char *name,
                 std::array<int64_t, N> &into) {
  const Json &items = list(json, name);
  if (items.size() != N)
    throw Malformed{std::string("expected ") + std::to_string(N) +
                    " counts in '" + name + "', got " +
                    std::to_string(items.size())};
  for (size_t i = 0; i < N; ++i)
    into[i] = number(items[i], name);
}

/// Whoever edits a profile by hand learns of a key that is not one.
static void only(const Json &json, std::initializer_list<const char *> known) {
  std::string names;
  for (const char *name : known)
    names += (names.empty() ? "" : ", ") + std::string(name);
  for (const auto &[key, value] : json.items())
    if (std::find(known.begin(), known.end(), key) == known.end())
      throw Malformed{"unknown field '" + key + "', expected one of " + names};
}

static Profile::Layer layerFrom(const Json &json) {
  Profile::Layer layer;
  layer.layer = text(field(json, "layer"), "layer");
  layer.calls = number(field(json, "calls"), "calls");
  layer.rows = number(field(json, "rows"), "rows");
  layer.active = number(field(json, "active"), "active");
  bins(json, "density", layer.density);
  bins(json, "longestActive", layer.longestActive);
  layer.window = number(field(json, "window"), "window", -1);
  layer.insideWindow = number(field(json, "insideWindow"), "insideWindow");
  only(json, {"layer", "calls", "rows", "active", "density", "longestActive",
              "window", "insideWindow"});
  return layer;
}

static Profile::Site siteFrom(const Json &json) {
  Profile::Site site;
  site.layer = text(field(json, "layer"), "layer");
  site.kernel = text(field(json, "kernel"), "kernel");
  for (const Json &item : list(json, "classes")) {
    if (!item.is_array() || item.size() != 2)
      throw Malformed{"expected [name, count] in 'classes'"};
    site.classes.emplace_back(text(item[0], "classes"),
                              number(item[1], "classes"));
  }
  only(json, {"layer", "kernel", "classes"});
  return site;
}

static Profile profileFrom(const Json &json) {
  std::string format = text(field(json, "format"), "format");
  if (format != kFormat)
    throw Malformed{std::string("expected format '") + kFormat + "', got '" +
                    format + "'"};
  int64_t version = number(field(json, "version"), "version");
  if (version != kVersion)
    throw Malformed{"version " + std::to_string(version) + ", expected " +
                    std::to_string(kVersion) + "; record it again"};
  Profile profile;
  profile.model = text(field(json, "model"), "model");
  profile.fingerprint = text(field(json, "fingerprint"), "fingerprint");
  profile.calls = number(field(json, "calls"), "calls");
  profile.rows = number(field(json, "rows"), "rows");
  bins(json, "lengths", profile.lengths);
  for (const Json &item : list(json, "layers"))
    profile.layers.push_back(layerFrom(item));
  for (const Json &item : list(json, "sites"))
    profile.sites.push_back(siteFrom(item));
  only(json, {"format", "version", "model", "fingerprint", "calls", "rows",
              "lengths", "layers", "sites"});
  return profile;
}

/// "line 3, column 7", of the byte where reading ended.
static std::string placeOf(std::string_view source, size_t byte) {
  std::string_view before = source.substr(0, byte > 0 ? byte - 1 : 0);
  size_t lines = std::count(before.begin(), before.end(), '\n');
  size_t start = before.rfind('\n');
  size_t column =
      start == before.npos ? before.size() + 1 : before.size() - start;
  return "line " + std::to_string(lines + 1) + ", column " +
         std::to_string(column);
}

Result<Profile> Profile::parse(std::string_view source) {
  try {
    return profileFrom(Json::parse(source));
  } catch (const Malformed &malformed) {
    return Status::error(ErrorCode::InvalidArgument,
                         "profile: " + malformed.what);
  } catch (const Json::parse_error &error) {
    return Status::error(ErrorCode::InvalidArgument,
                         "profile: not JSON: stops making sense at " +
                             placeOf(source, error.byte));
  } catch (const Json::exception &) {
    return Status::error(ErrorCode::InvalidArgument, "profile: not readable");
  } catch (...) {
    return Status::error(ErrorCode::ResourceExhausted,
                         "profile: too little memory to read it");
  }
}
