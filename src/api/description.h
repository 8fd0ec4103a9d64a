#pragma once
#include <string_view>

namespace bulla::api {

/// openapi.yaml, as it was when the program was built.
[[nodiscard]] std::string_view api_description();

}  // namespace bulla::api
