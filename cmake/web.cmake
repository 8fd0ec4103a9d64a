# The console. Target `web` makes ${CMAKE_BINARY_DIR}/web/dist and, last, ${CMAKE_BINARY_DIR}/web/assets.txt (see web/scripts/pack.mjs):
# a line a file: address, file, media type, ETag, immutable|revalidate, separated by tabs.
set(BULLA_WEB_LIST ${CMAKE_BINARY_DIR}/web/assets.txt)
file(GLOB_RECURSE BULLA_WEB_SOURCES CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/web/src/*.ts ${CMAKE_SOURCE_DIR}/web/src/*.svelte
     ${CMAKE_SOURCE_DIR}/web/src/*.css ${CMAKE_SOURCE_DIR}/web/*.html ${CMAKE_SOURCE_DIR}/web/public/* ${CMAKE_SOURCE_DIR}/web/scripts/*.mjs)
# Generated from the API's description while it is built.
list(FILTER BULLA_WEB_SOURCES EXCLUDE REGEX "/schema\\.d\\.ts$")
add_custom_command(
  OUTPUT ${BULLA_WEB_LIST}
  COMMAND ${CMAKE_SOURCE_DIR}/tools/web build ${CMAKE_BINARY_DIR}/web
  DEPENDS ${BULLA_WEB_SOURCES} ${CMAKE_SOURCE_DIR}/web/package.json
          ${CMAKE_SOURCE_DIR}/web/package-lock.json ${CMAKE_SOURCE_DIR}/web/vite.config.ts ${CMAKE_SOURCE_DIR}/web/svelte.config.js
          ${CMAKE_SOURCE_DIR}/web/tsconfig.json ${CMAKE_SOURCE_DIR}/src/api/openapi.yaml ${CMAKE_SOURCE_DIR}/tools/web
  COMMENT "Building the console"
  VERBATIM)
add_custom_target(web DEPENDS ${BULLA_WEB_LIST})
if(BULLA_TESTS)
  add_test(NAME web.check COMMAND ${CMAKE_SOURCE_DIR}/tools/web check)
  set_tests_properties(web.check PROPERTIES LABELS web TIMEOUT 300)
endif()
