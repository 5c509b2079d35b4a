# SPDX-License-Identifier: BSD-3-Clause
# Copyright the SmartSwitch authors
#
# Files that are parts of the program. As a script (cmake -P): writes the C++ for smartswitch_embed().
if(CMAKE_SCRIPT_MODE_FILE)
  set(entries "")
  foreach(file ${FILES})
    file(READ ${file} text)
    get_filename_component(name ${file} NAME)
    # A literal of one piece may have 64 KiB in standard C++.
    string(LENGTH "${text}" length)
    set(pieces "")
    set(at 0)
    while(at LESS length)
      string(SUBSTRING "${text}" ${at} 8000 piece)
      string(APPEND pieces "R\"embedded(${piece})embedded\"\n")
      math(EXPR at "${at} + 8000")
    endwhile()
    string(APPEND entries "    {\"${name}\", ${pieces}},\n")
  endforeach()
  file(WRITE ${OUTPUT} "// Written by cmake/Embed.cmake.\n#include \"${HEADER}\"\n\nnamespace ${NAMESPACE} {\n\nstd::span<const EmbeddedFile> ${FUNCTION}() {\n"
    "  static constexpr EmbeddedFile kFiles[] = {\n${entries}  };\n  return kFiles;\n}\n\n}  // namespace ${NAMESPACE}\n")
  return()
endif()

set(SMARTSWITCH_EMBED_SCRIPT ${CMAKE_CURRENT_LIST_FILE})

# Makes `target` define `std::span<const EmbeddedFile> NAMESPACE::FUNCTION()`, which HEADER declares, with the texts of FILES in it.
function(smartswitch_embed target)
  cmake_parse_arguments(PARSE_ARGV 1 EMBED "" "NAMESPACE;FUNCTION;HEADER" "FILES")
  set(output ${CMAKE_CURRENT_BINARY_DIR}/${EMBED_FUNCTION}.cc)
  add_custom_command(OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -DOUTPUT=${output} "-DFILES=${EMBED_FILES}" -DNAMESPACE=${EMBED_NAMESPACE} -DFUNCTION=${EMBED_FUNCTION}
            -DHEADER=${EMBED_HEADER} -P ${SMARTSWITCH_EMBED_SCRIPT}
    DEPENDS ${EMBED_FILES} ${SMARTSWITCH_EMBED_SCRIPT} VERBATIM)
  target_sources(${target} PRIVATE ${output})
endfunction()
