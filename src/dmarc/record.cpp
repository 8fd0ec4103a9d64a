#include "dmarc/record.h"

#include "dkim/tag_list.h"
#include "mail/message.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

namespace bulla::dmarc {

namespace {

constexpr std::size_t longest_uri = 512;

struct Tag {
    std::string_view name;
    std::string_view value;
};

// The tags of a record in order. Unlike the lists of DKIM, what is malformed is passed over alone (RFC 9989 4.8).
std::vector<Tag> split_tags(std::string_view text) {
    std::vector<Tag> tags;
    while (!text.empty() && tags.size() < most_tags) {
        const std::size_t end = std::min(text.find(';'), text.size());
        const std::string_view piece = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        const std::size_t equals = piece.find('=');
        if (equals != std::string_view::npos) {
            tags.push_back({.name = dkim::trim_space(piece.substr(0, equals)),
                            .value = dkim::trim_space(piece.substr(equals + 1))});
        } else if (tags.empty()) {
            break;  // What comes first must be the version.
        }
    }
    return tags;
}

const Tag* find(const std::vector<Tag>& tags, std::string_view name) {
    const auto found = std::ranges::find(tags, name, &Tag::name);
    return found == tags.end() ? nullptr : &*found;
}

// RFC 9989 4.8: the words are strings of ABNF, whose letter case does not count.
std::optional<Policy> read_policy(std::string_view text) {
    for (const Policy policy : {Policy::none, Policy::quarantine, Policy::reject}) {
        if (mail::equal_ignoring_case(text, to_string(policy))) {
            return policy;
        }
    }
    return std::nullopt;
}

// True if the value of tag `name` is the letter `letter`; any other is as if the tag were missing.
bool says(const std::vector<Tag>& tags, std::string_view name, std::string_view letter) {
    const Tag* tag = find(tags, name);
    return tag != nullptr && mail::equal_ignoring_case(tag->value, letter);
}

// RFC 3986 3: a scheme, a colon and something behind it, all in printable ASCII.
bool is_uri(std::string_view text) {
    const std::size_t colon = text.find(':');
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
    const auto in_scheme = [&](char c) {
        return letter(c) || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
    };
    return colon != std::string_view::npos && colon > 0 && colon + 1 < text.size() &&
           text.size() <= longest_uri && letter(text.front()) &&
           std::ranges::all_of(text.substr(0, colon), in_scheme) &&
           std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7F'; });
}

std::vector<std::string> read_uris(const std::vector<Tag>& tags, std::string_view name) {
    const Tag* tag = find(tags, name);
    std::vector<std::string> out;
    for (std::string_view uri :
         tag == nullptr ? std::vector<std::string_view>() : dkim::split_list(tag->value, ',')) {
        // RFC 9989 4.8 makes the size behind "!" obsolete, and readers leave it out.
        uri = uri.substr(0, uri.find('!'));
        if (out.size() < most_report_addresses && is_uri(uri)) {
            out.emplace_back(uri);
        }
    }
    return out;
}

bool is_failure_options(std::string_view text) {
    static constexpr std::array words{
        std::string_view("0"), std::string_view("1"), std::string_view("d"), std::string_view("s")};
    return std::ranges::all_of(dkim::split_list(text, ':'), [](std::string_view piece) {
        return std::ranges::any_of(
            words, [&](std::string_view word) { return mail::equal_ignoring_case(piece, word); });
    });
}

// Reads p=, sp= and np=. False if one of them is malformed, or p= is missing.
bool read_policies(const std::vector<Tag>& tags, Record& record) {
    const Tag* own = find(tags, "p");
    const auto policy = own == nullptr ? std::nullopt : read_policy(own->value);
    record.policy = policy.value_or(Policy::none);
    bool good = policy.has_value();
    for (const auto& [name, place] :
         {std::pair("sp", &record.subdomain_policy), std::pair("np", &record.nonexistent_policy)}) {
        if (const Tag* tag = find(tags, name)) {
            *place = read_policy(tag->value);
            good = good && place->has_value();
        }
    }
    return good;
}

bool has_version(std::span<const Tag> tags) {
    // RFC 9989 4.7: "This tag MUST be the first tag in the list. The tag value is case sensitive, and the only possible value is
    // 'DMARC1'."
    return !tags.empty() && tags.front().name == "v" && tags.front().value == "DMARC1";
}

}  // namespace

bool is_record(std::string_view text) {
    return text.size() <= longest_record && has_version(split_tags(text));
}

Result<Record> parse_record(std::string_view text) {
    if (text.size() > longest_record) {
        return fail("dmarc.too_long", Fault::sender, "the DMARC record is longer than the limit");
    }
    const std::vector<Tag> tags = split_tags(text);
    if (!has_version(tags)) {
        return fail("dmarc.no_record",
                    Fault::sender,
                    "the text is no DMARC record: it does not begin with v=DMARC1",
                    "RFC 9989 4.7");
    }
    // RFC-DEVIATION 7489 6.3: "pct: (plain-text integer between 0 and 100, inclusive; OPTIONAL; default is 100)." RFC 9989 dropped it, since it
    // was never applied alike: it has no effect here.
    Record record;
    record.dkim = says(tags, "adkim", "s") ? Alignment::strict : Alignment::relaxed;
    record.spf = says(tags, "aspf", "s") ? Alignment::strict : Alignment::relaxed;
    record.public_suffix = says(tags, "psd", "y")   ? PublicSuffix::yes
                           : says(tags, "psd", "n") ? PublicSuffix::no
                                                    : PublicSuffix::unknown;
    record.testing = says(tags, "t", "y");
    record.aggregate_reports = read_uris(tags, "rua");
    record.failure_reports = read_uris(tags, "ruf");
    if (const Tag* options = find(tags, "fo");
        options != nullptr && is_failure_options(options->value)) {
        record.failure_options = dkim::without_space(options->value);
    }
    if (!read_policies(tags, record)) {
        // RFC 9989 4.10.1: "If a 'rua' tag is present and contains at least one syntactically valid reporting URI, the Mail Receiver MUST act
        // as if a record containing 'p=none' was retrieved and continue processing"
        if (record.aggregate_reports.empty()) {
            return fail("dmarc.no_policy",
                        Fault::sender,
                        "the DMARC record has no policy, or one that is malformed",
                        "RFC 9989 4.10.1");
        }
        record.policy = Policy::none;
        record.subdomain_policy.reset();
        record.nonexistent_policy.reset();
        record.repaired = true;
    }
    return record;
}

}  // namespace bulla::dmarc
