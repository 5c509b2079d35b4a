# SPDX-License-Identifier: BSD-3-Clause
# Copyright the SmartSwitch authors
#
# One target a room, linked to just what it may see (docs/architecture.md). All .cc files of the folder belong to the room.

# A library of plain code.
function(smartswitch_room name)
  file(GLOB sources CONFIGURE_DEPENDS *.cc)
  add_library(${name} STATIC ${sources})
  target_include_directories(${name} PUBLIC ${SmartSwitch_SOURCE_DIR})
  target_link_libraries(${name} PUBLIC ${ARGN})
endfunction()

# A folder of elements: an object library, because a linker would leave out archive members that only register themselves.
function(smartswitch_elements folder)
  file(GLOB sources CONFIGURE_DEPENDS ${folder}/*.cc)
  add_library(elements_${folder} OBJECT ${sources})
  target_include_directories(elements_${folder} PUBLIC ${SmartSwitch_SOURCE_DIR})
  target_link_libraries(elements_${folder} PUBLIC smartswitch_sdk ${ARGN})
  target_link_libraries(smartswitch_all_elements INTERFACE elements_${folder} $<TARGET_OBJECTS:elements_${folder}> ${ARGN})
endfunction()
