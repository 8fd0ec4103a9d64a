#include "smtp/parameters.h"

#include <algorithm>

namespace bulla::smtp {

namespace {

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool is_keyword_char(char c) {
    return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

int hex_value(char c) {
    // RFC 3461 4: "hexchar = ASCII '+' immediately followed by two upper case hexadecimal digits"; lower case is read as well.
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return lower(c) >= 'a' && lower(c) <= 'f' ? lower(c) - 'a' + 10 : -1;
}

}  // namespace

bool is_word(std::string_view text, std::string_view word) {
    return std::ranges::equal(text, word, {}, lower, lower);
}

std::string_view trim(std::string_view text) {
    const std::size_t begin = text.find_first_not_of(" \t");
    if (begin == std::string_view::npos) {
        return {};
    }
    return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

Result<std::optional<Parameter>> take_parameter(std::string_view& text) {
    text = trim(text);
    if (text.empty()) {
        return std::nullopt;
    }
    const std::string_view word = text.substr(0, text.find_first_of(" \t"));
    text.remove_prefix(word.size());
    const std::size_t equals = word.find('=');
    Parameter parameter{.keyword = word.substr(0, equals), .value = std::nullopt};
    if (equals != std::string_view::npos) {
        parameter.value = word.substr(equals + 1);
    }
    const bool keyword_good = !parameter.keyword.empty() && parameter.keyword[0] != '-' &&
                              std::ranges::all_of(parameter.keyword, is_keyword_char);
    // RFC 5321 4.1.2: "esmtp-value = 1*(%d33-60 / %d62-126)"; RFC 6531 3.3 adds UTF-8. "=" inside is read too, as AUTH= may hold it.
    const bool value_good =
        !parameter.value ||
        (!parameter.value->empty() && std::ranges::all_of(*parameter.value, [](char c) {
            return static_cast<unsigned char>(c) > 32 && c != 127;
        }));
    if (!keyword_good || !value_good) {
        return fail("smtp.parameter_bad",
                    Fault::sender,
                    "A parameter is not keyword=value.",
                    "RFC 5321 4.1.2");
    }
    return parameter;
}

bool is_xtext(std::string_view text, std::size_t max, bool utf8) {
    if (text.empty() || text.size() > max) {
        return false;
    }
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        if (c == '+') {
            if (i + 2 >= text.size() || hex_value(text[i + 1]) < 0 || hex_value(text[i + 2]) < 0) {
                return false;
            }
            i += 2;
        } else if (c < 33 || c == '=' || c == 127 || (c > 127 && !utf8)) {
            return false;
        }
    }
    return true;
}

Result<std::string> decode_xtext(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '+') {
            const int high = i + 1 < text.size() ? hex_value(text[i + 1]) : -1;
            const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
            if (high < 0 || low < 0) {
                return fail("smtp.xtext_bad",
                            Fault::sender,
                            "\"+\" in xtext is not followed by two hexadecimal digits.",
                            "RFC 3461 4");
            }
            out.push_back(static_cast<char>(high * 16 + low));
            i += 2;
        } else if (static_cast<unsigned char>(c) <= 32 || c == 127) {
            return fail("smtp.xtext_bad",
                        Fault::sender,
                        "A character is not allowed in xtext.",
                        "RFC 3461 4");
        } else {
            out.push_back(c);
        }
    }
    return out;
}

}  // namespace bulla::smtp
