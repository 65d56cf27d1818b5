//===- SanitizerOptions.cpp - how sanitizers treat our programs -----------===//
//
// Linked into every program of a build with sanitizers, so that no environment
// has to be set. The functions are called by the sanitizer runtimes and by
// nobody else.
//
//===----------------------------------------------------------------------===//

extern "C" {
const char *__tsan_default_options();
const char *__asan_default_options();
const char *__tsan_default_suppressions();

// Absurd sizes must come back as a Status, as they do without a sanitizer.
const char *__tsan_default_options() { return "allocator_may_return_null=1"; }

// LLVM's allocators poison what they have not handed out, but only in code that
// is instrumented: its headers here, not its libraries. What the libraries take
// from such a slab would be an alarm.
const char *__asan_default_options() {
  return "allocator_may_return_null=1:allow_user_poisoning=0";
}

// libtbb.so is not instrumented, but the memset that it calls is, and looks
// like a race where the library reuses memory of its own.
const char *__tsan_default_suppressions() {
  return "called_from_lib:libtbb.so\n";
}
}
