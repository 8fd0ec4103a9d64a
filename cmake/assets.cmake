# What is built into the program by #embed: the API's description and, with BULLA_WEB, the console. Generated lists name each file together
# with the digest of its content, so that a changed file compiles again wherever compilers and caches look at includes alone.
set(BULLA_EMBED ${CMAKE_SOURCE_DIR}/cmake/embed.cmake)
function(bulla_embed source macro output)
  cmake_parse_arguments(arg "" "LIST;FILE" "" ${ARGN})
  add_custom_command(
    OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -D LIST=${arg_LIST} -D FILE=${arg_FILE} -D OUTPUT=${output} -P ${BULLA_EMBED}
    DEPENDS ${arg_LIST} ${arg_FILE} ${BULLA_EMBED}
    VERBATIM)
  target_sources(bulla_api PRIVATE ${output})
  set_property(SOURCE ${CMAKE_SOURCE_DIR}/src/api/${source} APPEND PROPERTY OBJECT_DEPENDS ${output})
  set_property(SOURCE ${CMAKE_SOURCE_DIR}/src/api/${source} APPEND PROPERTY COMPILE_DEFINITIONS ${macro}="${output}")
endfunction()

bulla_embed(description.cpp BULLA_API_DESCRIPTION ${CMAKE_BINARY_DIR}/api/description.inc
            FILE ${CMAKE_SOURCE_DIR}/src/api/openapi.yaml)
if(BULLA_WEB)
  include(cmake/web.cmake)
  bulla_embed(asset_list.cpp BULLA_WEB_ASSETS ${CMAKE_BINARY_DIR}/web/assets.inc LIST ${BULLA_WEB_LIST})
endif()
