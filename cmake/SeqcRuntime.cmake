# Libraries that know nothing of LLVM: runtime/core, runtime/reference, json and
# safetensors readers. Exceptions stay off except where a target asks for them.
include_guard()

set(SEQC_WARNINGS -Wall -Wextra -Wno-unused-parameter -Werror=return-type)

# Every program of a build with sanitizers has their options in it.
if(CMAKE_CXX_FLAGS MATCHES "-fsanitize=")
  add_library(seqc_sanitizer_options OBJECT ${CMAKE_CURRENT_LIST_DIR}/SanitizerOptions.cpp)
endif()
function(seqc_add_sanitizer_options name)
  if(TARGET seqc_sanitizer_options)
    target_sources(${name} PRIVATE $<TARGET_OBJECTS:seqc_sanitizer_options>)
  endif()
endfunction()

# seqc_add_plain_library(NAME SOURCES ... [LINK ...] [EXCEPTIONS])
function(seqc_add_plain_library name)
  cmake_parse_arguments(ARG "EXCEPTIONS" "" "SOURCES;LINK" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_include_directories(${name} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/runtime/include>)
  # RTTI stays on: users derive from public classes in code that has it.
  target_compile_options(${name} PRIVATE ${SEQC_WARNINGS})
  if(NOT ARG_EXCEPTIONS)
    target_compile_options(${name} PRIVATE -fno-exceptions)
  endif()
  target_link_libraries(${name} PUBLIC ${ARG_LINK})
endfunction()

# seqc_register_unit_test(NAME LABEL): what ctest and test/run_tests.py run. A test
# without a label is quick; slow is what takes more than about ten seconds.
function(seqc_register_unit_test name label)
  if(NOT label)
    set(label quick)
  endif()
  if(NOT label MATCHES "^(quick|slow)$")
    message(FATAL_ERROR "${name}: expected LABEL quick or slow, got ${label}")
  endif()
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY
    "${CMAKE_BINARY_DIR}/test/unit")
  set_property(GLOBAL APPEND PROPERTY SEQC_UNIT_TESTS ${name})
  set_property(GLOBAL APPEND_STRING PROPERTY SEQC_UNIT_LABELS "${name} ${label}\n")
  add_test(NAME ${name} COMMAND ${name} --gtest_brief=1)
  set_tests_properties(${name} PROPERTIES LABELS ${label})
endfunction()

# seqc_add_unit_test(NAME SOURCES ... LINK ... [LABEL quick|slow])
function(seqc_add_unit_test name)
  cmake_parse_arguments(ARG "" "LABEL" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  seqc_add_sanitizer_options(${name})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}
    ${PROJECT_SOURCE_DIR}/runtime/include)
  target_compile_options(${name} PRIVATE ${SEQC_WARNINGS})
  target_link_libraries(${name} PRIVATE ${ARG_LINK} GTest::gtest GTest::gtest_main)
  target_compile_definitions(${name} PRIVATE
    SEQC_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  seqc_register_unit_test(${name} "${ARG_LABEL}")
endfunction()
