# SPDX-License-Identifier: BSD-3-Clause
# Copyright the SmartSwitch authors
#
# Programs that run in the kernel, and are parts of ours. As a script (cmake -P): writes the C++ for smartswitch_bpf().
if(CMAKE_SCRIPT_MODE_FILE)
  file(READ ${OBJECT} bytes HEX)
  string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
  file(WRITE ${OUTPUT} "// Written by cmake/Bpf.cmake.\n#include <cstdint>\n#include <span>\n\nnamespace ${NAMESPACE} {\n\nstd::span<const std::uint8_t> ${FUNCTION}() {\n"
    "  alignas(8) static constexpr std::uint8_t kObject[] = {${bytes}};\n  return kObject;\n}\n\n}  // namespace ${NAMESPACE}\n")
  return()
endif()

set(SMARTSWITCH_BPF_SCRIPT ${CMAKE_CURRENT_LIST_FILE})
find_program(SMARTSWITCH_CLANG NAMES clang-14 clang REQUIRED DOC "Compiles programs for the kernel (BPF)")

# Makes `target` define `std::span<const std::uint8_t> NAMESPACE::FUNCTION()`: the object file, for libbpf, of the program in SOURCE.
function(smartswitch_bpf target)
  cmake_parse_arguments(PARSE_ARGV 1 BPF "" "NAMESPACE;FUNCTION;SOURCE" "")
  set(source ${CMAKE_CURRENT_SOURCE_DIR}/${BPF_SOURCE})
  set(object ${CMAKE_CURRENT_BINARY_DIR}/${BPF_FUNCTION}.o)
  set(output ${CMAKE_CURRENT_BINARY_DIR}/${BPF_FUNCTION}.cc)
  # -g makes the description of types (BTF) that maps need; the kernel's headers are for the machine that we build on.
  add_custom_command(OUTPUT ${output}
    COMMAND ${SMARTSWITCH_CLANG} -O2 -g -target bpf -Wall -Wextra -Werror -I${SmartSwitch_SOURCE_DIR} -isystem /usr/include/${CMAKE_LIBRARY_ARCHITECTURE}
            -MD -MF ${object}.d -MT ${output} -c ${source} -o ${object}
    COMMAND ${CMAKE_COMMAND} -DOBJECT=${object} -DOUTPUT=${output} -DNAMESPACE=${BPF_NAMESPACE} -DFUNCTION=${BPF_FUNCTION} -P ${SMARTSWITCH_BPF_SCRIPT}
    DEPENDS ${source} ${SMARTSWITCH_BPF_SCRIPT} DEPFILE ${object}.d VERBATIM)
  target_sources(${target} PRIVATE ${output})
endfunction()
