# SPDX-License-Identifier: BSD-3-Clause
# Copyright the SmartSwitch authors
option(SMARTSWITCH_TESTS "Build the unit tests" ON)
option(SMARTSWITCH_INTEGRATION "Build what the integration tests and the demo need, and register those tests" ${PROJECT_IS_TOP_LEVEL})
option(SMARTSWITCH_BENCH "Build the benchmarks" OFF)
option(SMARTSWITCH_FUZZ "Build the libFuzzer targets (needs clang)" OFF)
option(SMARTSWITCH_LTO "Link-time optimisation" OFF)
set(SMARTSWITCH_MARCH "native" CACHE STRING "What -march= tunes for; `x86-64-v2` runs on every machine that DPDK runs on")
set(SMARTSWITCH_SANITIZE "" CACHE STRING "What -fsanitize= checks: `address,undefined`, `thread` or nothing")

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
# Whole cache lines for functions, halves for loops: where they lay by chance made the redirect up to 3 % slower from build to build.
set(CMAKE_CXX_FLAGS_RELEASE "-O3 -DNDEBUG -falign-functions=64 -falign-loops=32")
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # At -O3, GCC 12 reports faults inside its own std::string and std::optional, which are taken for false. The other builds keep these
  # warnings.
  string(APPEND CMAKE_CXX_FLAGS_RELEASE " -Wno-restrict -Wno-maybe-uninitialized -Wno-stringop-overflow")
endif()
# Line numbers are enough to debug by, and full debug information makes the sanitizers' code five times as slow to compile.
set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g1")
if(SMARTSWITCH_SANITIZE MATCHES "address")
  set(CMAKE_CXX_FLAGS_DEBUG "-O0 -g1")
endif()

find_program(CCACHE ccache)
if(CCACHE)
  # Paths below the tree do not count, so that one checkout profits from what another has built.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${CCACHE})
endif()

if(CMAKE_UNITY_BUILD)
  # CMake's 8 take a third longer, all of which goes into the same headers; one for a whole room would keep a core waiting for the last of them.
  set(CMAKE_UNITY_BUILD_BATCH_SIZE 16)
  # What is local to a file looks local to several here.
  add_compile_options($<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
endif()
add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wvla -Werror -march=${SMARTSWITCH_MARCH})
# For programs that are not what sanitizers look at: their compilation would take half as long again.
set(SMARTSWITCH_UNSANITIZED "")
if(SMARTSWITCH_SANITIZE)
  set(SMARTSWITCH_UNSANITIZED -fno-sanitize=all)
  add_compile_options(-fsanitize=${SMARTSWITCH_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${SMARTSWITCH_SANITIZE})
endif()
if(SMARTSWITCH_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all)
  add_link_options(-fsanitize=address,undefined)
endif()
if(SMARTSWITCH_LTO)
  set(CMAKE_INTERPROCEDURAL_OPTIMIZATION ON)
  add_link_options(-flto=auto)
endif()
message(STATUS "SmartSwitch: ${CMAKE_BUILD_TYPE} for -march=${SMARTSWITCH_MARCH} (set SMARTSWITCH_MARCH for another machine)")
