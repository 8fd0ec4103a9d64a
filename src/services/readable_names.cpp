#include "services/readable_names.h"

#include "names/domain.h"
#include "names/readable.h"

#include <algorithm>
#include <string>
#include <string_view>

namespace bulla::services {
namespace {

using nlohmann::json;

// What hostile mail could name, there is no end to.
constexpr std::size_t most_names = 50;

/// Most names are none of these: lists describe thousands of messages a second.
bool is_international(std::string_view text) {
    return text.find("xn--") != std::string_view::npos ||
           text.find("XN--") != std::string_view::npos ||
           std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) >= 0x80U; });
}

void note_domain(json& names, std::string_view text) {
    if (!is_international(text) || names.size() >= most_names) {
        return;
    }
    const auto domain = DomainName::parse(text);
    if (!domain) {
        return;
    }
    if (std::string shown = make_readable(domain->ascii()); shown != text) {
        names[std::string(text)] = std::move(shown);
    }
}

void note_text(json& names, std::string_view text) {
    if (!is_international(text)) {
        return;
    }
    constexpr std::string_view ends = " \t\r\n<>()[],;:\"@";
    if (text.find('@') == std::string_view::npos) {
        note_domain(names, text);
        return;
    }
    for (std::size_t at = text.find('@'); at != std::string_view::npos;
         at = text.find('@', at + 1)) {
        const std::string_view rest = text.substr(at + 1);
        note_domain(names, rest.substr(0, rest.find_first_of(ends)));
    }
}

}  // namespace

void add_names(json& out, std::initializer_list<const char*> members) {
    json names = json::object();
    for (const char* const member : members) {
        const auto value = out.find(member);
        if (value == out.end()) {
            continue;
        }
        if (value->is_string()) {
            note_text(names, value->get_ref<const std::string&>());
        } else if (value->is_array()) {
            for (const json& one : *value) {
                if (one.is_string()) {
                    note_text(names, one.get_ref<const std::string&>());
                }
            }
        }
    }
    if (!names.empty()) {
        out["names"] = std::move(names);
    }
}

}  // namespace bulla::services
