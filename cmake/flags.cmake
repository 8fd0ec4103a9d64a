# Compiler and linker flags: warnings are errors, the release is hardened, and paths of the build machine stay out of the program.
# The cache is told to leave the folder of this clone out of its keys, so that another clone finds what this one compiled.
find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_C_COMPILER_LAUNCHER})
endif()

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor -Wold-style-cast
                    -Wimplicit-fallthrough -Wthread-safety -Werror)
add_compile_options("-ffile-prefix-map=${CMAKE_SOURCE_DIR}/=" -fno-omit-frame-pointer)
add_compile_definitions(_GLIBCXX_ASSERTIONS)
add_link_options(-fuse-ld=mold)

if(BULLA_SANITIZE)
  # -O1: the sanitizers' own cost, not the optimiser's, decides how long the tests take.
  set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O1 -gline-tables-only")
  add_compile_options(-fsanitize=${BULLA_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${BULLA_SANITIZE})
  if(BULLA_FUZZ)
    add_compile_options(-fsanitize=fuzzer-no-link)
  endif()
else()
  set(CMAKE_CXX_FLAGS_RELEASE "-O2 -gline-tables-only")
  add_compile_options(-fstack-protector-strong -fstack-clash-protection -fcf-protection=full -ftrivial-auto-var-init=zero)
  if(CMAKE_BUILD_TYPE STREQUAL "Release")
    add_compile_definitions(_FORTIFY_SOURCE=3)
  endif()
  set(CMAKE_POSITION_INDEPENDENT_CODE ON)
  add_link_options(-pie -Wl,-z,relro,-z,now,-z,noexecstack)
endif()
