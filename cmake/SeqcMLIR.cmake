# LLVM/MLIR 22 through its shared libraries, one precompiled header, and the
# helper functions that give every MLIR-facing target the same flags.
include_guard()

find_package(MLIR REQUIRED CONFIG)
if(NOT LLVM_VERSION_MAJOR EQUAL 22)
  message(FATAL_ERROR "seqc needs LLVM/MLIR 22, found ${LLVM_PACKAGE_VERSION} in "
    "${MLIR_DIR}; set MLIR_DIR to `llvm-config-22 --prefix`/lib/cmake/mlir")
endif()
list(APPEND CMAKE_MODULE_PATH "${MLIR_CMAKE_DIR}" "${LLVM_CMAKE_DIR}")
# Archives and dylib both ship; mixing them duplicates type ids and registries.
set(MLIR_LINK_MLIR_DYLIB ON)
set(LLVM_LINK_LLVM_DYLIB ON)
include(TableGen)
include(AddLLVM)
include(AddMLIR)
separate_arguments(SEQC_LLVM_DEFINITIONS NATIVE_COMMAND "${LLVM_DEFINITIONS}")

# MLIR's headers are not ours to warn about.
set(SEQC_MLIR_FLAGS ${SEQC_WARNINGS} -fno-exceptions -funwind-tables)
if(NOT LLVM_ENABLE_RTTI)
  list(APPEND SEQC_MLIR_FLAGS -fno-rtti)
endif()

function(seqc_mlir_target name)
  target_include_directories(${name} SYSTEM PRIVATE ${MLIR_INCLUDE_DIRS} ${LLVM_INCLUDE_DIRS})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR}
    ${PROJECT_SOURCE_DIR}/runtime/include)
  target_compile_definitions(${name} PRIVATE ${SEQC_LLVM_DEFINITIONS})
  target_compile_options(${name} PRIVATE ${SEQC_MLIR_FLAGS})
endfunction()

if(SEQC_PCH)
  file(WRITE ${CMAKE_BINARY_DIR}/seqc_pch.cpp "")
  add_library(seqc_pch OBJECT ${CMAKE_BINARY_DIR}/seqc_pch.cpp)
  seqc_mlir_target(seqc_pch)
  if(CMAKE_CXX_COMPILER_ID MATCHES Clang)
    target_compile_options(seqc_pch PRIVATE -Xclang -fno-pch-timestamp)
  endif()
  target_precompile_headers(seqc_pch PRIVATE
    <mlir/IR/BuiltinOps.h> <mlir/IR/PatternMatch.h> <mlir/Pass/Pass.h>
    <mlir/Dialect/Arith/IR/Arith.h> <mlir/Dialect/Func/IR/FuncOps.h>
    <mlir/Dialect/Linalg/IR/Linalg.h> <mlir/Dialect/Math/IR/Math.h>
    <mlir/Dialect/MemRef/IR/MemRef.h> <mlir/Dialect/SCF/IR/SCF.h>
    <mlir/Dialect/Tensor/IR/Tensor.h> <mlir/Dialect/Vector/IR/VectorOps.h>
    <mlir/Interfaces/TilingInterface.h>)
endif()

function(seqc_use_pch name)
  if(SEQC_PCH)
    target_precompile_headers(${name} REUSE_FROM seqc_pch)
    if(CMAKE_CXX_COMPILER_ID MATCHES Clang)
      target_compile_options(${name} PRIVATE -Xclang -fno-pch-timestamp)
    endif()
  endif()
endfunction()

# seqc_add_library(NAME SOURCES ... [LINK ...] [DEPENDS tablegen-targets] [NO_PCH])
function(seqc_add_library name)
  cmake_parse_arguments(ARG "NO_PCH" "" "SOURCES;LINK;DEPENDS" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  seqc_mlir_target(${name})
  if(NOT ARG_NO_PCH)
    seqc_use_pch(${name})
  endif()
  if(ARG_DEPENDS)
    add_dependencies(${name} ${ARG_DEPENDS})
  endif()
  target_link_libraries(${name} PUBLIC ${ARG_LINK} MLIR LLVM)
endfunction()

# seqc_add_tool(NAME SOURCES ... [LINK ...] [NO_PCH]): an executable in bin/.
function(seqc_add_tool name)
  cmake_parse_arguments(ARG "NO_PCH" "" "SOURCES;LINK;DEPENDS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  seqc_add_sanitizer_options(${name})
  # -fPIC as in the libraries, or the shared precompiled header does not fit.
  set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
  target_compile_options(${name} PRIVATE -fPIC)
  seqc_mlir_target(${name})
  if(NOT ARG_NO_PCH)
    seqc_use_pch(${name})
  endif()
  if(ARG_DEPENDS)
    add_dependencies(${name} ${ARG_DEPENDS})
  endif()
  target_link_libraries(${name} PRIVATE ${ARG_LINK} MLIR LLVM)
endfunction()

# seqc_tablegen(TARGET file.td  -gen-x out.inc  -gen-y out2.inc ...)
function(seqc_tablegen target td)
  set(LLVM_TARGET_DEFINITIONS ${td})
  set(args ${ARGN})
  while(args)
    list(POP_FRONT args generator output)
    separate_arguments(generator UNIX_COMMAND "${generator}")
    mlir_tablegen(${output} ${generator} EXTRA_INCLUDES ${PROJECT_SOURCE_DIR} ${MLIR_INCLUDE_DIRS})
  endwhile()
  add_public_tablegen_target(${target})
endfunction()

# seqc_add_mlir_unit_test(NAME SOURCES ... LINK ... [LABEL quick|slow]): a gtest
# that sees MLIR.
function(seqc_add_mlir_unit_test name)
  cmake_parse_arguments(ARG "" "LABEL" "SOURCES;LINK" ${ARGN})
  seqc_add_tool(${name} SOURCES ${ARG_SOURCES} LINK ${ARG_LINK} GTest::gtest GTest::gtest_main)
  target_compile_definitions(${name} PRIVATE SEQC_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  seqc_register_unit_test(${name} "${ARG_LABEL}")
endfunction()
