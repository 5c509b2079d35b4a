# SPDX-License-Identifier: BSD-3-Clause
# Copyright the SmartSwitch authors
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(Boost 1.74 REQUIRED)
pkg_check_modules(DPDK_PKG REQUIRED libdpdk>=22.11)
find_package(ZLIB REQUIRED)
pkg_check_modules(CRYPTO REQUIRED IMPORTED_TARGET libcrypto)
pkg_check_modules(BPF REQUIRED IMPORTED_TARGET libbpf>=1.0)

# Debian's libdpdk-libs.pc says -march=corei7, which would undo -march=native because it comes later: only the rest is taken.
add_library(dpdk INTERFACE)
target_include_directories(dpdk SYSTEM INTERFACE ${DPDK_PKG_INCLUDE_DIRS})
target_compile_options(dpdk INTERFACE -include rte_config.h)
target_link_libraries(dpdk INTERFACE ${DPDK_PKG_LINK_LIBRARIES} Threads::Threads)
