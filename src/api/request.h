#pragma once
#include "base/error.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bulla::api {

enum class Method { get, head, post, put, patch, remove, options, other };

/// The method as it stands in a request line; "" for `other`.
[[nodiscard]] std::string_view name_of(Method method);

/// True for the characters of a token (RFC 9110 5.6.2).
[[nodiscard]] bool is_token_char(char c);
/// Compares as ASCII, in any case.
[[nodiscard]] bool equals_ignoring_case(std::string_view a, std::string_view b);

struct Field {
    std::string name;  ///< In lower case.
    std::string value;
};

/// All of a request before its body. Only RequestParser makes one; it keeps RFC 9112 and what RequestLimits say.
struct RequestHead {
    Method method = Method::other;
    std::string target;  ///< As it came, without the authority of an absolute form.
    std::string host;    ///< Of the Host field, or of an absolute target (RFC 9112 3.2.2).
    bool http11 = true;
    bool keep_alive = true;
    bool expects_continue = false;
    bool has_body = false;
    std::optional<std::uint64_t>
        body_bytes;  ///< From Content-Length; empty with chunks or without body.
    std::vector<Field> fields;

    /// The value of the first field `name` (lower case); null if there is none.
    [[nodiscard]] const std::string* find(std::string_view name) const;
    /// How many fields `name` there are.
    [[nodiscard]] std::size_t count(std::string_view name) const;
};

}  // namespace bulla::api
