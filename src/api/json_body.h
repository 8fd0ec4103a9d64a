#pragma once
#include "base/error.h"

#include <nlohmann/json.hpp>
#include <string_view>

namespace bulla::api {

/// Reads the body of a request as one JSON object, strictly (RFC 8259, RFC 7493): UTF-8, no member twice, at most 16 levels and 10,000 values,
/// whole numbers within 64 bits. An empty text is an empty object. Error: http.bad_json, which names the member where it can.
[[nodiscard]] Result<nlohmann::json> parse_json_body(std::string_view text);

}  // namespace bulla::api
