#pragma once
#include <string_view>

namespace bulla::cli {

/// What `bulla --version` prints; the same as the project's version in CMakeLists.txt (a test compares them).
inline constexpr std::string_view version = "0.1.0";

}  // namespace bulla::cli
