#include "names/labels.h"

#include <array>
#include <stdexcept>
#include <unicode/uidna.h>

namespace bulla {
namespace {

// RFC 1035 2.3.4: "labels 63 octets or less"
constexpr std::size_t max_label = 63;
// Of the input: no U-label form of 253 octets is longer.
constexpr std::size_t max_utf8 = 1024;

constexpr char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

constexpr bool is_label_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

// RFC 1123 2.1 and RFC 1034 3.5: a label neither begins nor ends with a hyphen.
bool is_label(std::string_view label) {
    return !label.empty() && label.size() <= max_label && label.front() != '-' &&
           label.back() != '-';
}

bool is_name(std::string_view name) {
    for (;;) {
        const auto dot = name.find('.');
        if (!is_label(name.substr(0, dot))) {
            return false;
        }
        if (dot == std::string_view::npos) {
            return true;
        }
        name.remove_prefix(dot + 1);
    }
}

enum class Kind { plain, international, bad };

// Lower-cases `text` into `out` and says whether that was all there is to do.
Kind lower_ascii(std::string_view text, std::string& out) {
    auto kind = Kind::plain;
    out.resize(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto c = lower(text[i]);
        out[i] = c;
        if (static_cast<unsigned char>(c) >= 0x80U) {
            kind = Kind::international;
        } else if (!is_label_char(c) && c != '.') {
            return Kind::bad;
        }
    }
    // Only ICU can tell whether an A-label is one; a false one must not be taken for a name.
    if (kind == Kind::plain &&
        (out.starts_with("xn--") || out.find(".xn--") != std::string::npos)) {
        kind = Kind::international;
    }
    return kind;
}

const UIDNA* uts46() {
    // Immutable, so any thread may use it; never closed, so that it outlives them all.
    static const UIDNA* const instance = [] {
        auto status = U_ZERO_ERROR;
        const auto* made =
            uidna_openUTS46(UIDNA_CHECK_BIDI | UIDNA_CHECK_CONTEXTJ |
                                UIDNA_NONTRANSITIONAL_TO_ASCII | UIDNA_NONTRANSITIONAL_TO_UNICODE,
                            &status);
        if (U_FAILURE(status) != 0) {
            throw std::runtime_error("ICU has no UTS #46 data");
        }
        return made;
    }();
    return instance;
}

using Converter = decltype(&uidna_nameToASCII_UTF8);

std::optional<std::string> convert(Converter converter, std::string_view text) {
    std::array<char, 4 * max_utf8> buffer{};
    UIDNAInfo info = UIDNA_INFO_INITIALIZER;
    auto status = U_ZERO_ERROR;
    const auto size = converter(uts46(),
                                text.data(),
                                static_cast<int32_t>(text.size()),
                                buffer.data(),
                                static_cast<int32_t>(buffer.size()),
                                &info,
                                &status);
    // Hyphens in places 3 and 4 are seen in real host names; all other findings count.
    const auto findings = info.errors & ~static_cast<std::uint32_t>(UIDNA_ERROR_HYPHEN_3_4);
    if (U_FAILURE(status) != 0 || findings != 0) {
        return std::nullopt;
    }
    return std::string(buffer.data(), static_cast<std::size_t>(size));
}

}  // namespace

std::optional<std::string> normalize_labels(std::string_view text, std::size_t limit) {
    if (text.ends_with('.')) {
        text.remove_suffix(1);
    }
    if (text.empty() || text.size() > max_utf8) {
        return std::nullopt;
    }
    std::string name;
    auto kind = lower_ascii(text, name);
    if (kind == Kind::international) {
        auto converted = convert(uidna_nameToASCII_UTF8, text);
        if (!converted) {
            return std::nullopt;
        }
        kind = lower_ascii(*converted, name);
    }
    if (kind == Kind::bad || name.size() > limit || !is_name(name)) {
        return std::nullopt;
    }
    return name;
}

std::string labels_to_unicode(const std::string& ascii) {
    if (ascii.find("xn--") == std::string::npos) {
        return ascii;
    }
    return convert(uidna_nameToUnicodeUTF8, ascii).value_or(ascii);
}

}  // namespace bulla
