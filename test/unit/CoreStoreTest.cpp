//===- CoreStoreTest.cpp - the artifact store and its faults --------------===//
#include "runtime/core/Digest.h"
#include "runtime/core/Store.h"
#include "runtime/core/StoreFile.h"

#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <random>
#include <sstream>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace seqc;
using namespace seqc::rt;

namespace {

class StoreTest : public testing::Test {
protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "seqc-store-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    dir = pattern;
  }
  void TearDown() override {
    ::chmod(dir.c_str(), 0700);
    ::chmod((dir + "/v1").c_str(), 0700);
    std::string command = "rm -rf '" + dir + "'";
    EXPECT_EQ(std::system(command.c_str()), 0);
  }

  StoreOptions options(uint64_t maxBytes = uint64_t(1) << 24) {
    StoreOptions options;
    options.dir = dir;
    options.maxBytes = maxBytes;
    options.onDiagnostic = [this](const Diagnostic &diagnostic) {
      ++warnings;
      warning = diagnostic.text;
    };
    return options;
  }
  std::shared_ptr<Store> open(uint64_t maxBytes = uint64_t(1) << 24) {
    return Store::open(options(maxBytes));
  }
  std::string file(const std::string &key) const {
    return dir + "/v1/" + entryName(key);
  }
  static std::string read(const std::string &path) {
    std::ifstream stream(path, std::ios::binary);
    std::ostringstream text;
    text << stream.rdbuf();
    return text.str();
  }
  static void write(const std::string &path, const std::string &text) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
  }
  size_t filesInFolder() const {
    FileHandle folder = *openOwnFolder(dir + "/v1");
    return listFolder(folder.get()).size();
  }

  std::string dir;
  int warnings = 0;
  std::string warning;
};

} // namespace

static std::string key(int number) {
  return toHex(digestOf("key " + std::to_string(number)));
}
static std::string payload(int number, size_t size = 1000) {
  std::string text = "payload " + std::to_string(number) + '\0';
  text.resize(size, static_cast<char>(number));
  return text;
}

TEST_F(StoreTest, KeepsBytesAcrossStores) {
  {
    auto store = open();
    EXPECT_FALSE(store->load(key(1)));
    store->put(key(1), payload(1), "scan");
    store->put(key(2), "", "");
    EXPECT_EQ(store->load(key(1)), payload(1));
  }
  auto store = open();
  EXPECT_EQ(store->load(key(1)), payload(1));
  EXPECT_EQ(store->load(key(2)), "");
  EXPECT_FALSE(store->load(key(3)));
  store->put(key(1), payload(7), "scan");
  EXPECT_EQ(store->load(key(1)), payload(7));
  EXPECT_TRUE(store->diskStatus().ok());
  EXPECT_EQ(warnings, 0);
  Result<std::vector<StoreItem>> items = store->list();
  ASSERT_TRUE(items.ok());
  ASSERT_EQ(items->size(), 2u);
  EXPECT_EQ(items->front().key, key(1));
  EXPECT_EQ(items->front().meta, "scan");
}

TEST_F(StoreTest, KeysCannotLeaveTheFolder) {
  auto store = open();
  for (std::string bad : {"../../../evil", "", "abc", "ABCDEF0123456789",
                          "0123456789abcdef/../x"}) {
    store->put(bad, "x", "");
    EXPECT_FALSE(store->load(bad)) << bad;
  }
  EXPECT_EQ(filesInFolder(), 0u);
}

//===----------------------------------------------------------------------===//
// Damage
//===----------------------------------------------------------------------===//

TEST_F(StoreTest, EveryDamageIsAMissAndIsReplaced) {
  auto store = open();
  store->put(key(1), payload(1, 300), "meta");
  store->put(key(2), payload(2, 300), "meta");
  std::string good = read(file(key(1)));
  std::vector<std::string> damaged = {"", "short", std::string(5000, '\0'),
                                      good + "x", read(file(key(2)))};
  for (size_t length = 0; length < good.size(); length += 7)
    damaged.push_back(good.substr(0, length));
  for (size_t at = 0; at < good.size(); ++at) {
    damaged.push_back(good);
    damaged.back()[at] = static_cast<char>(damaged.back()[at] ^ 1);
  }
  // Lengths whose sum wraps around.
  damaged.push_back(good);
  for (size_t at = 16; at < 40; ++at)
    damaged.back()[at] = '\xff';
  for (size_t i = 0; i < damaged.size(); ++i) {
    write(file(key(1)), damaged[i]);
    ASSERT_FALSE(store->load(key(1))) << "damage " << i;
    ASSERT_TRUE(store->list().ok());
  }
  EXPECT_EQ(store->load(key(2)), payload(2, 300));
  store->put(key(1), payload(1, 300), "meta");
  EXPECT_EQ(store->load(key(1)), payload(1, 300));
  EXPECT_EQ(warnings, 0);
}

TEST_F(StoreTest, OddFilesAreMisses) {
  auto store = open();
  ASSERT_EQ(::mkdir(file(key(1)).c_str(), 0700), 0);
  ASSERT_EQ(::mkfifo(file(key(2)).c_str(), 0600), 0);
  store->put(key(3), payload(3), "");
  ASSERT_EQ(::symlink(file(key(3)).c_str(), file(key(4)).c_str()), 0);
  store->put(key(5), payload(5), "");
  ASSERT_EQ(::chmod(file(key(5)).c_str(), 0666), 0);
  for (int number : {1, 2, 4, 5})
    EXPECT_FALSE(store->load(key(number))) << number;
  // What cannot be replaced on disk is kept in memory; the rest is replaced.
  for (int number : {1, 2, 4, 5}) {
    store->put(key(number), payload(number), "");
    EXPECT_EQ(store->load(key(number)), payload(number)) << number;
  }
  EXPECT_TRUE(store->diskStatus().ok());
  EXPECT_EQ(warnings, 0);
}

TEST_F(StoreTest, AWriterThatDiesLeavesNothingVisible) {
  pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    StoreOptions dying = options();
    dying.beforeRename = [] { ::raise(SIGKILL); };
    Store::open(dying)->put(key(1), payload(1), "");
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  auto store = open();
  EXPECT_EQ(filesInFolder(), 1u); // the staging file
  EXPECT_FALSE(store->load(key(1)));
  store->put(key(1), payload(1), "");
  EXPECT_EQ(store->load(key(1)), payload(1));
  Result<StoreReport> report = store->prune(uint64_t(1) << 24);
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->removed.size(), 1u);
  EXPECT_EQ(report->kept, 1u);
  EXPECT_EQ(filesInFolder(), 2u); // the entry and the lock
}

TEST_F(StoreTest, ALiveWriterKeepsItsStagingFile) {
  StoreOptions slow = options();
  size_t removed = 99;
  slow.beforeRename = [&] {
    auto other = open();
    removed = other->prune(uint64_t(1) << 24)->removed.size();
  };
  auto store = Store::open(slow);
  store->put(key(1), payload(1), "");
  EXPECT_EQ(removed, 0u);
  EXPECT_EQ(open()->load(key(1)), payload(1));
}

TEST_F(StoreTest, ACleanedUpStagingFileIsNoError) {
  StoreOptions unlucky = options();
  unlucky.beforeRename = [&] {
    EXPECT_EQ(std::system(("rm -f '" + dir + "'/v1/*.tmp").c_str()), 0);
  };
  auto store = Store::open(unlucky);
  store->put(key(1), payload(1), "");
  EXPECT_EQ(store->load(key(1)), payload(1)); // from memory
  EXPECT_FALSE(open()->load(key(1)));
  EXPECT_TRUE(store->diskStatus().ok());
}

TEST_F(StoreTest, VerifyFindsAndRemovesDefects) {
  auto store = open();
  for (int i = 0; i < 5; ++i)
    store->put(key(i), payload(i), "");
  std::string text = read(file(key(2)));
  text.back() = static_cast<char>(text.back() ^ 1);
  write(file(key(2)), text);
  Result<StoreReport> report = store->verify(false);
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->defects, std::vector<std::string>{key(2)});
  EXPECT_TRUE(report->removed.empty());
  report = store->verify(true);
  EXPECT_EQ(report->removed, std::vector<std::string>{key(2)});
  EXPECT_EQ(store->verify(true)->defects.size(), 0u);
  EXPECT_EQ(store->verify(true)->kept, 4u);
  ASSERT_TRUE(store->clear().ok());
  EXPECT_EQ(store->list()->size(), 0u);
  EXPECT_FALSE(store->load(key(1)));
}

//===----------------------------------------------------------------------===//
// Limits
//===----------------------------------------------------------------------===//

TEST_F(StoreTest, OldEntriesMakeRoom) {
  auto store = open(10 * 1100);
  for (int i = 0; i < 9; ++i)
    store->put(key(i), payload(i), "");
  EXPECT_TRUE(store->load(key(0))); // used, so 1 is the oldest
  for (int i = 9; i < 12; ++i)
    store->put(key(i), payload(i), "");
  EXPECT_TRUE(store->load(key(0)));
  EXPECT_TRUE(store->load(key(11)));
  EXPECT_FALSE(store->load(key(1)));
  uint64_t total = 0;
  for (const StoreItem &item : *store->list())
    total += item.bytes;
  EXPECT_LE(total, 10 * 1100u);
  EXPECT_GE(total, 8 * 1000u);
  // Larger than the whole store: not kept, and nothing else lost for it.
  size_t before = store->list()->size();
  store->put(key(50), payload(50, 20000), "");
  EXPECT_FALSE(store->load(key(50)));
  EXPECT_EQ(store->list()->size(), before);
}

TEST_F(StoreTest, AClockThatGoesBackwardsDoesNotMatter) {
  int64_t now = int64_t(2000000000) * 1000000000;
  StoreOptions jumpy = options(5 * 1100);
  jumpy.clock = [&] { return now; };
  auto store = Store::open(jumpy);
  for (int i = 0; i < 3; ++i)
    store->put(key(i), payload(i), "");
  now = int64_t(1000000000) * 1000000000; // decades back
  EXPECT_TRUE(store->load(key(0)));
  // A store that starts after the jump, too.
  auto later = Store::open(jumpy);
  for (int i = 3; i < 6; ++i)
    later->put(key(i), payload(i), "");
  EXPECT_FALSE(later->load(key(1))); // the least recently used one went
  for (int i : {0, 3, 4, 5})
    EXPECT_TRUE(later->load(key(i))) << i;
}

TEST_F(StoreTest, ZeroBytesKeepNothing) {
  auto store = open(0);
  store->put(key(1), payload(1), "");
  EXPECT_FALSE(store->load(key(1)));
  EXPECT_EQ(warnings, 0);
}

//===----------------------------------------------------------------------===//
// Folders that cannot be used
//===----------------------------------------------------------------------===//

TEST_F(StoreTest, AFolderThatOthersMayWriteToIsRefused) {
  open()->put(key(1), payload(1), "");
  for (mode_t mode : {0777, 0770, 0702}) {
    ASSERT_EQ(::chmod(dir.c_str(), mode), 0);
    warnings = 0;
    auto store = open();
    EXPECT_EQ(store->diskStatus().code(), ErrorCode::Unavailable);
    EXPECT_NE(store->diskStatus().message().find("may be written by others"),
              std::string::npos);
    EXPECT_FALSE(store->load(key(1)));
    store->put(key(2), payload(2), "");
    EXPECT_EQ(store->load(key(2)), payload(2)); // memory
    EXPECT_EQ(warnings, 1);
    EXPECT_FALSE(store->list().ok());
    EXPECT_FALSE(store->verify(false).ok());
    EXPECT_FALSE(store->clear().ok());
  }
  ASSERT_EQ(::chmod(dir.c_str(), 0700), 0);
  ASSERT_EQ(::chmod((dir + "/v1").c_str(), 0777), 0);
  EXPECT_FALSE(open()->load(key(1)));
}

TEST_F(StoreTest, SomebodyElsesFolderIsRefused) {
  if (::geteuid() == 0) {
    ASSERT_EQ(::chown(dir.c_str(), 12345, 12345), 0);
    auto store = open();
    EXPECT_NE(store->diskStatus().message().find("belongs to user 12345"),
              std::string::npos);
    EXPECT_EQ(warnings, 1);
    ASSERT_EQ(::chown(dir.c_str(), 0, 0), 0);
  } else {
    // The root folder is always somebody else's.
    StoreOptions root = options();
    root.dir = "/";
    EXPECT_NE(Store::open(root)->diskStatus().message().find("belongs to user"),
              std::string::npos);
    EXPECT_EQ(warnings, 1);
  }
}

TEST_F(StoreTest, AnUnusablePathIsOneWarning) {
  write(dir + "/plain", "a file, not a folder");
  StoreOptions wrong = options();
  wrong.dir = dir + "/plain/cache";
  auto store = Store::open(wrong);
  for (int i = 0; i < 3; ++i) {
    store->put(key(i), payload(i), "");
    EXPECT_EQ(store->load(key(i)), payload(i));
  }
  EXPECT_EQ(warnings, 1);
  EXPECT_NE(warning.find("cannot open the cache folder"), std::string::npos);
  EXPECT_NE(warning.find("kept in memory"), std::string::npos);
}

TEST_F(StoreTest, NoFolderMeansMemoryWithoutAWarning) {
  StoreOptions none = options(4000);
  none.dir = "";
  auto store = Store::open(none);
  for (int i = 0; i < 6; ++i)
    store->put(key(i), payload(i), "");
  EXPECT_EQ(store->load(key(5)), payload(5));
  EXPECT_FALSE(store->load(key(0))); // 4000 bytes hold four of them
  EXPECT_EQ(warnings, 0);
}

TEST_F(StoreTest, AFailingDiskIsOneWarning) {
  pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    // Files may not grow beyond 2000 bytes: what a full disk looks like.
    ::signal(SIGXFSZ, SIG_IGN);
    struct rlimit limit = {2000, 2000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    auto store = open();
    store->put(key(1), payload(1), "");
    bool good = warnings == 0;
    for (int i = 2; i < 5; ++i) {
      store->put(key(i), payload(i, 5000), "");
      good &= store->load(key(i)) == payload(i, 5000);
    }
    good &= store->load(key(1)) == payload(1) && warnings == 1 &&
            !store->diskStatus().ok();
    ::_exit(good ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  EXPECT_FALSE(open()->load(key(2)));
  EXPECT_EQ(filesInFolder(), 1u); // no half-written file is left
}

//===----------------------------------------------------------------------===//
// Company
//===----------------------------------------------------------------------===//

/// Loads and puts at random; false if anything but the right bytes came back.
static bool hammer(Store &store, unsigned seed, int rounds) {
  std::mt19937 random(seed);
  for (int i = 0; i < rounds; ++i) {
    int number = static_cast<int>(random() % 20);
    size_t size = 100 + static_cast<size_t>(number) * 150;
    std::optional<std::string> bytes = store.load(key(number));
    if (bytes && *bytes != payload(number, size))
      return false;
    if (!bytes || random() % 4 == 0)
      store.put(key(number), payload(number, size), "shared");
  }
  return true;
}

TEST_F(StoreTest, ManyProcessesShareAFolder) {
  std::vector<pid_t> children;
  for (unsigned i = 0; i < 4; ++i) {
    pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      auto store = open(12000); // smaller than everything together
      bool good = hammer(*store, i, 150) && store->diskStatus().ok();
      ::_exit(good ? 0 : 1);
    }
    children.push_back(child);
  }
  for (pid_t child : children) {
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
  auto store = open(12000);
  EXPECT_TRUE(store->verify(false)->defects.empty());
  ASSERT_TRUE(store->prune(12000).ok());
  uint64_t total = 0;
  for (const StoreItem &item : *store->list())
    total += item.bytes;
  EXPECT_GT(total, 0u);
  EXPECT_LE(total, 12000u);
}

TEST_F(StoreTest, ManyThreadsShareAStore) {
  auto store = open(12000);
  std::atomic<int> failures{0};
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < 4; ++i)
    threads.emplace_back([&, i] {
      if (!hammer(*store, i, 100))
        ++failures;
    });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(failures, 0);
  EXPECT_TRUE(store->diskStatus().ok());
  EXPECT_TRUE(store->verify(false)->defects.empty());
}
