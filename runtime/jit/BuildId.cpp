//===- BuildId.cpp - identity of the running build ------------------------===//

#include "runtime/jit/BuildId.h"

#include "llvm/ADT/StringExtras.h"

#include <cstring>
#include <elf.h>
#include <link.h>

static constexpr char kOwner[] = "GNU";

/// Hex of the build-id note in [begin, end), or empty.
static std::string findNote(const char *begin, const char *end) {
  while (begin + sizeof(ElfW(Nhdr)) <= end) {
    ElfW(Nhdr) header;
    std::memcpy(&header, begin, sizeof(header));
    const char *name = begin + sizeof(header);
    const char *content = name + ((header.n_namesz + 3) & ~3u);
    const char *next = content + ((header.n_descsz + 3) & ~3u);
    if (next > end)
      return {};
    if (header.n_type == NT_GNU_BUILD_ID && header.n_namesz == sizeof(kOwner) &&
        !std::memcmp(name, kOwner, sizeof(kOwner)))
      return llvm::toHex(llvm::StringRef(content, header.n_descsz),
                         /*LowerCase=*/true);
    begin = next;
  }
  return {};
}

static std::string readBuildId() {
  struct Search {
    ElfW(Addr) address;
    std::string id;
  } search{reinterpret_cast<ElfW(Addr)>(&readBuildId), {}};
  dl_iterate_phdr(
      [](dl_phdr_info *info, size_t, void *data) {
        auto &search = *static_cast<Search *>(data);
        bool contains = false;
        for (int i = 0; i < info->dlpi_phnum; ++i) {
          const ElfW(Phdr) &part = info->dlpi_phdr[i];
          ElfW(Addr) start = info->dlpi_addr + part.p_vaddr;
          contains |= part.p_type == PT_LOAD && search.address >= start &&
                      search.address < start + part.p_memsz;
        }
        if (!contains)
          return 0;
        for (int i = 0; i < info->dlpi_phnum && search.id.empty(); ++i) {
          const ElfW(Phdr) &part = info->dlpi_phdr[i];
          const char *start =
              reinterpret_cast<const char *>(info->dlpi_addr + part.p_vaddr);
          if (part.p_type == PT_NOTE)
            search.id = findNote(start, start + part.p_memsz);
        }
        return 1;
      },
      &search);
  return search.id;
}

const std::string &seqc::jit::buildId() {
  static const std::string id = readBuildId();
  return id;
}
