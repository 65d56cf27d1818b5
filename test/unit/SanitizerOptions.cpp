//===- SanitizerOptions.cpp - how sanitizers treat the core tests ---------===//
//
// Linked into the tests, so that no environment has to be set. The functions
// are called by the sanitizer runtimes and by nobody else.
//
//===----------------------------------------------------------------------===//

extern "C" {
const char *__tsan_default_options();
const char *__asan_default_options();
const char *__tsan_default_suppressions();

// Absurd sizes must come back as a Status, as they do without a sanitizer.
const char *__tsan_default_options() { return "allocator_may_return_null=1"; }
const char *__asan_default_options() { return "allocator_may_return_null=1"; }

// libtbb.so is not instrumented, but the memset that it calls is, and looks
// like a race where the library reuses memory of its own.
const char *__tsan_default_suppressions() {
  return "called_from_lib:libtbb.so\n";
}
}
