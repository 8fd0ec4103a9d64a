#include "dkim/sign.h"
#include "importers/opendkim_parts.h"
#include "importers/text.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace bulla::importers {

namespace {

// As OpenDKIM 2.11 of Debian 12 signs and omits without any option; tests/interop holds it against the program.
constexpr std::array signed_by_default{"From",
                                       "Reply-To",
                                       "Subject",
                                       "Date",
                                       "To",
                                       "Cc",
                                       "Resent-Date",
                                       "Resent-From",
                                       "Resent-To",
                                       "Resent-Cc",
                                       "Resent-Sender",
                                       "In-Reply-To",
                                       "References",
                                       "List-Id",
                                       "List-Help",
                                       "List-Unsubscribe",
                                       "List-Subscribe",
                                       "List-Post",
                                       "List-Owner",
                                       "List-Archive"};
constexpr std::array omitted_by_default{
    "Return-Path", "Received", "Comments", "Keywords", "DKIM-Signature"};

// What a pattern such as Resent-* may mean: fields that mail has, of RFC 5322, 2045, 2369, 8058, 8601 and others.
constexpr std::array known_fields{"Message-ID",
                                  "Sender",
                                  "MIME-Version",
                                  "Content-Type",
                                  "Content-Transfer-Encoding",
                                  "Content-ID",
                                  "Content-Description",
                                  "Content-Disposition",
                                  "Content-Language",
                                  "Resent-Message-ID",
                                  "Resent-Reply-To",
                                  "Resent-Bcc",
                                  "Bcc",
                                  "List-Unsubscribe-Post",
                                  "Autocrypt",
                                  "Feedback-ID",
                                  "Organization",
                                  "User-Agent",
                                  "Auto-Submitted",
                                  "Precedence",
                                  "X-Mailer"};

bool is_field_name(std::string_view name) {
    return !name.empty() && name.size() <= 76 && std::ranges::all_of(name, [](char c) {
        return c > ' ' && c < '\x7F' && c != ':' && c != ';' && c != ',';
    });
}

bool has(const std::vector<std::string>& list, std::string_view name) {
    return std::ranges::any_of(list, [&](const std::string& one) { return same_word(one, name); });
}

void add(std::vector<std::string>& list, std::string_view name) {
    if (!has(list, name)) {
        list.emplace_back(name);
    }
}

void remove_matching(std::vector<std::string>& list, std::string_view pattern) {
    std::erase_if(list, [&](const std::string& one) { return matches_wildcard(pattern, one); });
}

// The names that `pattern` stands for.
std::vector<std::string> expand(PlanBuilder& plan, std::string_view pattern, const Place& place) {
    std::vector<std::string> out;
    if (!pattern.contains('*')) {
        if (is_field_name(pattern)) {
            out.emplace_back(pattern);
        } else {
            plan.error(place, fmt::format("\"{}\" is no name of a header field", pattern));
        }
        return out;
    }
    const auto take = [&](const auto& names) {
        for (const char* name : names) {
            if (matches_wildcard(pattern, name)) {
                add(out, name);
            }
        }
    };
    take(signed_by_default);
    take(known_fields);
    take(omitted_by_default);
    plan.differs(place,
                 fmt::format("\"{}\" is a pattern, and bulla signs fields by name: {}. Add others "
                             "to dkim_signed_headers",
                             pattern,
                             out.empty() ? "none is known that it fits" : join(out)));
    return out;
}

struct Changes {
    std::vector<SetEntry> plain{};
    std::vector<SetEntry> added{};
    std::vector<SetEntry> removed{};
    bool to_default = false;
};

// opendkim.conf(5), OmitHeaders: with "*" the list changes the default one by +NAME and -NAME; other names in it are passed over.
Changes read_changes(const DataSet& set) {
    Changes out;
    for (SetEntry entry : set.entries) {
        if (entry.key == "*") {
            out.to_default = true;
        } else if (entry.key.starts_with('+') || entry.key.starts_with('-')) {
            auto& list = entry.key.front() == '+' ? out.added : out.removed;
            entry.key.remove_prefix(1);
            list.push_back(entry);
        } else {
            out.plain.push_back(entry);
        }
    }
    return out;
}

template <class Defaults>
std::vector<std::string> read_names(PlanBuilder& plan,
                                    const OpendkimConfig& config,
                                    std::string_view option,
                                    const Defaults& defaults) {
    std::vector<std::string> out;
    const auto set = read_data_set(plan, config, option);
    const auto changes = set ? read_changes(*set) : Changes{.to_default = true};
    if (changes.to_default) {
        out.assign(defaults.begin(), defaults.end());
    }
    const auto& listed = changes.to_default ? changes.added : changes.plain;
    if (!changes.to_default && (!changes.added.empty() || !changes.removed.empty())) {
        plan.error(config.place(option),
                   fmt::format("{}: +NAME and -NAME need a * in the list", option));
    }
    for (const SetEntry& entry : listed) {
        for (const auto& name : expand(plan, entry.key, entry.place)) {
            add(out, name);
        }
    }
    for (const SetEntry& entry : changes.to_default ? changes.removed : std::vector<SetEntry>()) {
        remove_matching(out, entry.key);
    }
    if (changes.to_default) {
        for (const SetEntry& entry : changes.plain) {
            plan.warn(
                entry.place,
                fmt::format("OpenDKIM passes \"{}\" over: beside * names need + or -", entry.key));
        }
    }
    return out;
}

// Names that are left out: patterns stay patterns here.
void omit(PlanBuilder& plan, const OpendkimConfig& config, std::vector<std::string>& fields) {
    const auto set = read_data_set(plan, config, "OmitHeaders");
    const auto changes = set ? read_changes(*set) : Changes{.to_default = true};
    std::vector<std::string> patterns;
    if (changes.to_default) {
        patterns.assign(omitted_by_default.begin(), omitted_by_default.end());
    }
    for (const SetEntry& entry : changes.to_default ? changes.added : changes.plain) {
        patterns.emplace_back(entry.key);
    }
    for (const SetEntry& entry : changes.to_default ? changes.removed : std::vector<SetEntry>()) {
        std::erase_if(patterns, [&](const auto& one) { return same_word(one, entry.key); });
    }
    for (const auto& pattern : patterns) {
        if (matches_wildcard(pattern, "From")) {
            plan.warn(config.place("OmitHeaders"),
                      "From is always signed (RFC 6376 5.4): OpenDKIM signs nothing that way");
        }
        remove_matching(fields, pattern);
    }
}

}  // namespace

FieldLists read_opendkim_fields(PlanBuilder& plan, const OpendkimConfig& config) {
    FieldLists out;
    out.fields = read_names(plan, config, "SignHeaders", signed_by_default);
    omit(plan, config, out.fields);
    if (!has(out.fields, "From")) {
        out.fields.insert(out.fields.begin(), "From");
    }
    const auto set = read_data_set(plan, config, "OversignHeaders");
    for (const SetEntry& entry : set ? set->entries : std::vector<SetEntry>()) {
        if (!is_field_name(entry.key) || entry.key == "*") {
            plan.error(entry.place, fmt::format("\"{}\" is no name of a header field", entry.key));
            continue;
        }
        if (has(out.oversigned, entry.key)) {
            plan.differs(
                entry.place,
                fmt::format("{} stands in h= once more than in the message, not twice", entry.key));
            continue;
        }
        if (!has(out.fields, entry.key)) {
            plan.warn(entry.place,
                      fmt::format("{} is oversigned and not signed, which opendkim.conf(5) calls "
                                  "likely to make invalid signatures: bulla signs it as well",
                                  entry.key));
            out.fields.emplace_back(entry.key);
        }
        out.oversigned.emplace_back(entry.key);
    }
    return out;
}

}  // namespace bulla::importers
