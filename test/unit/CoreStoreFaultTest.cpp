//===- CoreStoreFaultTest.cpp - the artifact store under injected faults --===//
//
// Whatever happens to the files, to the writers or to the clock: a load gives
// the bytes that were put or nothing, and what nothing happened to is kept.
// SEQC_TEST_SEED repeats a run; the seed is printed.
//
//===----------------------------------------------------------------------===//
#include "runtime/core/Digest.h"
#include "runtime/core/Store.h"
#include "runtime/core/StoreFile.h"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <random>
#include <sstream>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace seqc;
using namespace seqc::rt;

static constexpr uint64_t kLimit = uint64_t(1) << 24;
static constexpr int kMostPuts = 100;

static std::string key(int number) {
  return toHex(digestOf("key " + std::to_string(number)));
}

/// Decided by the number, like a kernel by its key.
static std::string payload(int number) {
  std::mt19937 random(static_cast<unsigned>(number));
  std::string bytes(random() % 6000, '\0');
  for (char &byte : bytes)
    byte = static_cast<char>(random());
  return bytes;
}

namespace {

class StoreFaultTest : public testing::Test {
protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "seqc-fault-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    dir = pattern;
    const char *given = std::getenv("SEQC_TEST_SEED");
    seed = given ? static_cast<unsigned>(std::atoll(given))
                 : std::random_device()();
    random.seed(seed);
    std::cout << "seed " << seed << '\n';
  }
  void TearDown() override {
    std::string command = "rm -rf '" + dir + "'";
    EXPECT_EQ(std::system(command.c_str()), 0);
    std::cout << "faults " << faults << '\n';
  }

  int below(int limit) {
    return static_cast<int>(random() % static_cast<unsigned>(limit));
  }
  std::shared_ptr<Store> open() {
    StoreOptions options;
    options.dir = dir;
    options.maxBytes = kLimit;
    options.clock = [this] { return now; };
    options.onDiagnostic = [](const Diagnostic &diagnostic) {
      ADD_FAILURE() << diagnostic.text;
    };
    return Store::open(options);
  }
  std::string path(int number) const {
    return dir + "/v1/" + entryName(key(number));
  }
  std::string read(int number) const {
    std::ifstream stream(path(number), std::ios::binary);
    std::ostringstream text;
    text << stream.rdbuf();
    return text.str();
  }
  void write(int number, const std::string &text) const {
    std::ofstream(path(number), std::ios::binary | std::ios::trunc) << text;
  }
  std::string damaged(std::string text, const std::string &other);

  std::string dir;
  unsigned seed = 0;
  std::mt19937 random;
  int faults = 0;
  int64_t now = int64_t(1700000000) * 1000000000;
};

/// What a disk or a crash makes of a file.
std::string StoreFaultTest::damaged(std::string text,
                                    const std::string &other) {
  int size = static_cast<int>(text.size());
  switch (below(7)) {
  case 0: // one bit
    text[static_cast<size_t>(below(size))] ^= static_cast<char>(1 << below(8));
    break;
  case 1: // some bits
    for (int i = 2 + below(7); i > 0; --i)
      text[static_cast<size_t>(below(size))] ^=
          static_cast<char>(1 << below(8));
    break;
  case 2:
    text.resize(static_cast<size_t>(below(size)));
    break;
  case 3: // longer
    text.append(static_cast<size_t>(1 + below(300)),
                static_cast<char>(random()));
    break;
  case 4: { // a block that never reached the disk
    size_t from = static_cast<size_t>(below(size));
    size_t count = std::min<size_t>(text.size() - from, 512);
    text.replace(from, count, count, '\0');
    break;
  }
  case 5: // the file of another key
    text = other;
    break;
  default: // the start of one, the rest of another
    text = text.substr(0, static_cast<size_t>(below(size))) +
           other.substr(std::min(other.size(), text.size() / 2));
    break;
  }
  return text;
}

} // namespace

TEST_F(StoreFaultTest, DamagedFilesAreNeverLoaded) {
  constexpr int kEntries = 8;
  std::vector<std::string> payloads;
  auto store = open();
  for (int i = 0; i < kEntries; ++i) {
    payloads.push_back(payload(i));
    store->put(key(i), payloads.back(), "");
  }
  for (int round = 0; round < 1200; ++round) {
    int victim = below(kEntries);
    std::string good = read(victim);
    std::string bad = damaged(good, read((victim + 1) % kEntries));
    write(victim, bad);
    faults += bad != good;
    // Clocks jump by up to a year, both ways.
    now += (int64_t(below(2001)) - 1000) * 31536 * 1000000000;
    if (below(50) == 0)
      store = open();
    for (int i = 0; i < kEntries; ++i) {
      std::optional<std::string> bytes = store->load(key(i));
      bool whole = i != victim || bad == good;
      ASSERT_EQ(bytes.has_value(), whole) << "round " << round;
      ASSERT_TRUE(!bytes || *bytes == payloads[static_cast<size_t>(i)])
          << "round " << round;
    }
    ASSERT_EQ(store->verify(false)->defects.size(), bad != good);
    store->put(key(victim), payloads[static_cast<size_t>(victim)], "");
    ASSERT_EQ(store->load(key(victim)), payloads[static_cast<size_t>(victim)]);
  }
  EXPECT_GE(faults, 1000);
}

/// What the killed processes do, from `first` on: puts of new and old entries,
/// loads and a clean-up. A byte through `committed` for each put that returned.
static void work(Store &store, int first, int committed) {
  // Where the killer is late, what was put must still fit the limit.
  for (int i = first; i < first + kMostPuts; ++i) {
    store.put(key(i), payload(i), "");
    char done = 1;
    if (::write(committed, &done, 1) != 1)
      return;
    (void)store.load(key(i - 1));
    store.put(key(first - 1), payload(first - 1), ""); // replaces
    if ((i - first) % 3 == 2)
      (void)store.prune(kLimit);
  }
  while (true)
    ::pause();
}

namespace {

/// A process at work() that is killed.
class Victim {
public:
  Victim(const std::function<std::shared_ptr<Store>()> &open, int first,
         bool traced) {
    int ends[2];
    if (::pipe(ends) != 0)
      return;
    pid = ::fork();
    if (pid == 0) {
      ::close(ends[0]);
      if (traced) {
        ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
        ::raise(SIGSTOP);
      }
      work(*open(), first, ends[1]);
      ::_exit(1);
    }
    ::close(ends[1]);
    committed = FileHandle(ends[0]);
  }

  bool started() const { return pid > 0; }
  /// Kills it just before or after its system call number `count` / 2.
  bool killAtCall(int count) {
    int status = 0;
    if (::waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
      return false;
    for (int i = 0; i < count; ++i) {
      ::ptrace(PTRACE_SYSCALL, pid, nullptr, nullptr);
      if (::waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
        return false;
    }
    return kill();
  }
  bool kill() {
    int status = 0;
    ::kill(pid, SIGKILL);
    return ::waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) &&
           WTERMSIG(status) == SIGKILL;
  }
  /// Puts that returned; to be called once it is dead.
  int puts() {
    char buffer[256];
    int count = 0;
    for (ssize_t got = 0;
         (got = ::read(committed.get(), buffer, sizeof(buffer))) > 0;)
      count += static_cast<int>(got);
    return count;
  }

private:
  pid_t pid = -1;
  FileHandle committed;
};

} // namespace

/// After a death: everything that was put is there and right, what was not is
/// absent or right, and a clean-up leaves entries and the lock only.
static testing::AssertionResult isSound(Store &store, int first, int puts) {
  for (int i = first - 1; i < first + puts; ++i)
    if (store.load(key(i)) != payload(i))
      return testing::AssertionFailure() << "entry " << i << " is lost";
  std::optional<std::string> last = store.load(key(first + puts));
  if (last && *last != payload(first + puts))
    return testing::AssertionFailure() << "a half-written entry was loaded";
  Result<StoreReport> report = store.verify(false);
  if (!report || !report->defects.empty())
    return testing::AssertionFailure() << "a damaged entry was published";
  if (!store.prune(kLimit))
    return testing::AssertionFailure() << "cleaning up failed";
  FileHandle folder = *openOwnFolder(store.path());
  for (const FolderEntry &entry : listFolder(folder.get()))
    if (keyOfEntry(entry.name).empty() && entry.name != "lock")
      return testing::AssertionFailure() << entry.name << " is left";
  return testing::AssertionSuccess();
}

TEST_F(StoreFaultTest, KilledAtEverySystemCall) {
  auto store = open();
  int first = 1;
  store->put(key(0), payload(0), "");
  // Enough calls for several puts, the replacing of an entry and a clean-up.
  for (int call = 1; call <= 400; ++call, ++faults) {
    store->put(key(first - 1), payload(first - 1), "");
    Victim victim([this] { return open(); }, first, /*traced=*/true);
    ASSERT_TRUE(victim.started());
    ASSERT_TRUE(victim.killAtCall(call));
    int puts = victim.puts();
    ASSERT_TRUE(isSound(*store, first, puts)) << "call " << call;
    first += puts + 2;
    if (call % 20 == 0) {
      ASSERT_TRUE(store->clear().ok());
    }
  }
}

TEST_F(StoreFaultTest, KilledAtRandomTimes) {
  auto store = open();
  int first = 1, total = 0;
  for (int round = 0; round < 300; ++round, ++faults) {
    store->put(key(first - 1), payload(first - 1), "");
    Victim victim([this] { return open(); }, first, /*traced=*/false);
    ASSERT_TRUE(victim.started());
    ::usleep(static_cast<useconds_t>(below(4000)));
    ASSERT_TRUE(victim.kill());
    int puts = victim.puts();
    total += puts;
    ASSERT_TRUE(isSound(*store, first, puts)) << "round " << round;
    first += puts + 2;
    if (round % 20 == 0) {
      ASSERT_TRUE(store->clear().ok());
    }
  }
  EXPECT_GT(total, 0);
}

TEST_F(StoreFaultTest, AReadOnlyFolderServesAndWarnsOnce) {
  open()->put(key(1), payload(1), "");
  // A user whom the permissions of its own folder bind, unlike root.
  pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    constexpr uid_t kNobody = 65534;
    std::string give = "chmod 0500 '" + dir + "' '" + dir + "/v1'";
    bool ready = ::geteuid() != 0 ||
                 std::system(("chown -R 65534 '" + dir + "'").c_str()) == 0;
    ready = ready && std::system(give.c_str()) == 0 &&
            (::geteuid() != 0 || ::seteuid(kNobody) == 0);
    StoreOptions options;
    options.dir = dir;
    options.maxBytes = kLimit;
    int warnings = 0;
    options.onDiagnostic = [&](const Diagnostic &) { ++warnings; };
    auto store = Store::open(options);
    bool good = ready && store->load(key(1)) == payload(1) && warnings == 0;
    for (int i = 2; i < 5; ++i) {
      store->put(key(i), payload(i), "");
      good &= store->load(key(i)) == payload(i);
    }
    good &= warnings == 1 && store->load(key(1)) == payload(1);
    good &= store->list().ok() && store->verify(false)->kept == 1;
    ::_exit(good ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  EXPECT_EQ(std::system(("chmod -R u+rwX '" + dir + "'").c_str()), 0);
}
