#include "dkim/tag_list.h"

#include <algorithm>
#include <iterator>

namespace bulla::dkim {

namespace {

bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// RFC 6376 3.2: "tag-name = ALPHA *ALNUMPUNC", ALNUMPUNC being letters, digits and "_".
bool is_tag_name(std::string_view name) {
    return !name.empty() && is_letter(name.front()) && std::ranges::all_of(name, [](char c) {
        return is_letter(c) || (c >= '0' && c <= '9') || c == '_';
    });
}

// RFC 6376 3.2: "VALCHAR = %x21-3A / %x3C-7E"; octets of UTF-8 may stand there too (RFC 8616 5).
bool is_tag_value(std::string_view value) {
    // Without an early end the compiler makes this wide.
    unsigned bad = 0;
    for (const char c : value) {
        const auto octet = static_cast<unsigned char>(c);
        const unsigned space =
            static_cast<unsigned>(octet == ' ') | static_cast<unsigned>(octet == '\t') |
            static_cast<unsigned>(octet == '\r') | static_cast<unsigned>(octet == '\n');
        bad |=
            (static_cast<unsigned>(octet <= ' ') & ~space) | static_cast<unsigned>(octet == 0x7F);
    }
    return bad == 0;
}

std::unexpected<Error> bad_tags(std::string_view what) {
    return fail("dkim.bad_tags",
                Fault::sender,
                "the tag list is malformed: " + std::string(what),
                "RFC 6376 3.2");
}

int hex_value(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

}  // namespace

Result<TagList> TagList::parse(std::string_view text, const TagLimits& limits) {
    if (text.size() > limits.max_octets) {
        return fail(
            "dkim.too_many_tags", Fault::sender, "the tag list is longer than the limit allows");
    }
    TagList list;
    list.tags_.reserve(16);
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find(';', at), text.size());
        const std::string_view spec = text.substr(at, end - at);
        const std::size_t begin = at;
        at = end + 1;
        if (trim_space(spec).empty()) {
            // Only the last ";" may have nothing behind it.
            if (end != text.size() || list.tags_.empty()) {
                return bad_tags("an empty tag");
            }
            break;
        }
        const std::size_t equals = spec.find('=');
        const std::string_view name = trim_space(spec.substr(0, equals));
        if (equals == std::string_view::npos || !is_tag_name(name)) {
            return bad_tags("a tag without a name");
        }
        const std::string_view value = trim_space(spec.substr(equals + 1));
        if (!is_tag_value(value)) {
            return bad_tags("a value with a control character");
        }
        // RFC 6376 3.2: "Tags with duplicate names MUST NOT occur within a single tag-list; if a tag name does occur more than once, the
        // entire tag-list is invalid."
        if (list.find(name) != nullptr) {
            return bad_tags("a tag that occurs twice");
        }
        if (list.tags_.size() == limits.max_tags) {
            return fail("dkim.too_many_tags",
                        Fault::sender,
                        "the tag list has more tags than the limit allows");
        }
        list.tags_.push_back(
            {.name = name, .value = value, .raw_begin = begin + equals + 1, .raw_end = end});
    }
    if (list.tags_.empty()) {
        return bad_tags("no tag");
    }
    return list;
}

const Tag* TagList::find(std::string_view name) const {
    const auto found = std::ranges::find(tags_, name, &Tag::name);
    return found == tags_.end() ? nullptr : &*found;
}

std::string_view TagList::value(std::string_view name) const {
    const Tag* tag = find(name);
    return tag == nullptr ? std::string_view{} : tag->value;
}

std::string without_space(std::string_view text) {
    std::string out;
    out.resize_and_overwrite(text.size(), [&](char* to, std::size_t) {
        char* const begin = to;
        for (const char c : text) {
            *to = c;
            to += is_space(c) ? 0 : 1;
        }
        return static_cast<std::size_t>(to - begin);
    });
    return out;
}

std::string_view trim_space(std::string_view text) {
    while (!text.empty() && is_space(text.front())) {
        text.remove_prefix(1);
    }
    while (!text.empty() && is_space(text.back())) {
        text.remove_suffix(1);
    }
    return text;
}

std::vector<std::string_view> split_list(std::string_view text, char separator) {
    std::vector<std::string_view> pieces;
    pieces.reserve(static_cast<std::size_t>(std::ranges::count(text, separator)) + 1);
    for (;;) {
        const std::size_t end = text.find(separator);
        pieces.push_back(trim_space(text.substr(0, end)));
        if (end == std::string_view::npos) {
            return pieces;
        }
        text.remove_prefix(end + 1);
    }
}

bool lists_word(std::string_view text, std::string_view word) {
    const auto pieces = split_list(text, ':');
    return std::ranges::find(pieces, word) != pieces.end();
}

std::string write_quoted(std::string_view text) {
    static constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    out.reserve(text.size() + text.size() / 4);
    for (const char c : text) {
        // RFC 6376 2.11: "dkim-safe-char = %x21-3A / %x3C / %x3E-7E"; "|" separates the copies of z= (3.5).
        if (c > ' ' && c < '\x7F' && c != ';' && c != '=' && c != '|') {
            out.push_back(c);
        } else {
            const auto octet = static_cast<unsigned char>(c);
            out.append({'=', digits[octet >> 4], digits[octet & 15]});
        }
    }
    return out;
}

std::string read_quoted(std::string_view text) {
    const std::string tight = without_space(text);
    std::string out;
    out.reserve(tight.size());
    for (std::size_t i = 0; i < tight.size(); ++i) {
        const bool escape = tight[i] == '=' && i + 2 < tight.size();
        const int high = escape ? hex_value(tight[i + 1]) : -1;
        const int low = escape ? hex_value(tight[i + 2]) : -1;
        if (high >= 0 && low >= 0) {
            out.push_back(static_cast<char>(high << 4 | low));
            i += 2;
        } else {
            out.push_back(tight[i]);
        }
    }
    return out;
}

}  // namespace bulla::dkim
