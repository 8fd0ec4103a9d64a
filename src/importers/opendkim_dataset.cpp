#include "importers/opendkim_config.h"
#include "importers/text.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace bulla::importers {

namespace {

enum class SetKind : std::uint8_t { file, patterns, list, elsewhere, unknown };

struct SetName {
    SetKind kind = SetKind::list;
    Piece rest;
};

// opendkim(8), DATA SETS: what stands in front of the first colon says of which kind it is.
SetName read_name(Piece text) {
    constexpr std::array elsewhere{
        "db", "dsn", "ldap", "ldaps", "ldapi", "lua", "memcache", "erlang", "mdb"};
    const std::size_t colon = text.text.find(':');
    const std::size_t mark = text.text.find_first_of(":,/ \t");
    if (colon != std::string_view::npos && mark == colon) {
        const auto kind = text.text.substr(0, colon);
        const Piece rest =
            trim(Piece{.text = text.text.substr(colon + 1), .column = text.column + colon + 1});
        if (kind == "file") {
            return {.kind = SetKind::file, .rest = rest};
        }
        if (kind == "refile") {
            return {.kind = SetKind::patterns, .rest = rest};
        }
        if (kind == "csl") {
            return {.kind = SetKind::list, .rest = rest};
        }
        const bool known = std::ranges::find(elsewhere, kind) != elsewhere.end();
        return {.kind = known ? SetKind::elsewhere : SetKind::unknown, .rest = text};
    }
    if (text.text.ends_with(".db")) {
        return {.kind = SetKind::elsewhere, .rest = text};
    }
    return {.kind = text.text.starts_with('/') ? SetKind::file : SetKind::list, .rest = text};
}

void read_list(PlanBuilder& plan, const OpendkimValue& value, Piece text, DataSet& out) {
    out.source = value.source;
    for (const Piece& one : split(text, ",")) {
        if (out.entries.size() >= most_set_entries) {
            return plan.error(value.place, "the list is too long");
        }
        const std::size_t mark = one.text.find('=');
        const bool has_value = mark != std::string_view::npos;
        out.entries.push_back(
            {.key = trim(one.text.substr(0, mark)),
             .value = has_value ? trim(one.text.substr(mark + 1)) : std::string_view(),
             .place = {.file = value.place.file, .line = value.place.line, .column = one.column}});
    }
}

bool read_lines(PlanBuilder& plan, const std::string& path, const Place& from, DataSet& out) {
    auto text = read_text(plan.files(), path, most_table_octets);
    if (!text) {
        plan.error(from, text.error().text);
        return false;
    }
    out.source = std::make_shared<const SecretBytes>(*std::move(text));
    for (Lines lines(out.source->view()); lines.next();) {
        Piece rest{.text = lines.text().substr(0, lines.text().find_first_of("#\r")), .column = 1};
        const Piece key = take_word(rest);
        if (key.text.empty()) {
            continue;
        }
        const Place place{.file = path, .line = lines.number(), .column = key.column};
        if (out.entries.size() >= most_set_entries) {
            plan.error(place, fmt::format("there are more than {} entries", most_set_entries));
            return true;
        }
        out.entries.push_back({.key = key.text, .value = rest.text, .place = place});
    }
    return true;
}

}  // namespace

std::optional<DataSet> read_data_set(PlanBuilder& plan,
                                     const OpendkimConfig& config,
                                     std::string_view option) {
    const auto* value = config.find(option);
    if (value == nullptr) {
        return std::nullopt;
    }
    const auto [kind, rest] = read_name({.text = value->text, .column = value->place.column});
    DataSet out;
    switch (kind) {
        case SetKind::list:
            read_list(plan, *value, rest, out);
            return out;
        case SetKind::file:
        case SetKind::patterns:
            out.patterns = kind == SetKind::patterns;
            return read_lines(plan, config.path_of(rest.text), value->place, out)
                       ? std::optional(std::move(out))
                       : std::nullopt;
        case SetKind::elsewhere:
            // Its name may hold a password.
            plan.error(value->place,
                       fmt::format("{} is in a database or a program: write it to a file in the "
                                   "form of file: or refile:, and name that here",
                                   option));
            return std::nullopt;
        case SetKind::unknown:
            plan.error(value->place,
                       fmt::format("{} names a data set of a kind that OpenDKIM does not know "
                                   "(a list with a colon in its first word needs csl: in front)",
                                   option));
            return std::nullopt;
    }
    return std::nullopt;
}

bool matches_wildcard(std::string_view pattern, std::string_view text) {
    // Goes on after the last * that was met: what stood before it needs no second look.
    std::size_t p = 0;
    std::size_t t = 0;
    std::size_t star = std::string_view::npos;
    std::size_t after = 0;
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            after = t;
        } else if (p < pattern.size() && same_word(pattern.substr(p, 1), text.substr(t, 1))) {
            ++p;
            ++t;
        } else if (star != std::string_view::npos) {
            p = star + 1;
            t = ++after;
        } else {
            return false;
        }
    }
    while (p < pattern.size() && pattern[p] == '*') {
        ++p;
    }
    return p == pattern.size();
}

}  // namespace bulla::importers
