#pragma once
#include "base/error.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace bulla::smtp {

/// One ESMTP parameter (RFC 5321 4.1.2): "keyword" or "keyword=value".
struct Parameter {
    std::string_view keyword;
    std::optional<std::string_view> value;
};

/// Takes the next parameter from the front of `text`; nullopt at its end. Error: smtp.parameter_bad.
[[nodiscard]] Result<std::optional<Parameter>> take_parameter(std::string_view& text);

/// True if `text` is xtext (RFC 3461 4) of at most `max` octets and not empty; with `utf8` octets above 127 may stand in it (RFC 6533 3).
[[nodiscard]] bool is_xtext(std::string_view text, std::size_t max, bool utf8 = false);

/// Reads xtext. Error: smtp.xtext_bad.
[[nodiscard]] Result<std::string> decode_xtext(std::string_view text);

/// Equal but for the case of ASCII letters.
[[nodiscard]] bool is_word(std::string_view text, std::string_view word);

/// `text` without spaces and tabs at either end.
[[nodiscard]] std::string_view trim(std::string_view text);

}  // namespace bulla::smtp
