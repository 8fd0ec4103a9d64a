#include "arc/chain.h"

#include "dkim/tag_list.h"

#include <algorithm>
#include <utility>

namespace bulla::arc {

namespace {

enum class Kind { results, message, seal };

std::optional<Kind> kind_of(std::string_view name) {
    if (mail::equal_ignoring_case(name, "ARC-Authentication-Results")) {
        return Kind::results;
    }
    if (mail::equal_ignoring_case(name, "ARC-Message-Signature")) {
        return Kind::message;
    }
    return mail::equal_ignoring_case(name, "ARC-Seal") ? std::optional(Kind::seal) : std::nullopt;
}

// RFC 8617 4.2.1: an instance is a number of one or two digits from 1 on.
std::optional<unsigned> read_number(std::string_view text) {
    unsigned number = 0;
    for (const char c : text) {
        if (c < '0' || c > '9') {
            return std::nullopt;
        }
        number = number * 10 + static_cast<unsigned>(c - '0');
    }
    return text.empty() || text.size() > 2 || number == 0 ? std::nullopt : std::optional(number);
}

void note(Chain& chain, unsigned at, std::string defect) {
    if (chain.defect.empty()) {
        chain.defect = std::move(defect);
        chain.defect_at = at;
    }
}

void add(Chain& chain, unsigned instance, std::string_view Set::* slot, std::string_view field) {
    if (chain.size() < instance) {
        chain.sets.resize(instance);
    }
    std::string_view& place = chain.sets[instance - 1].*slot;
    if (!place.empty()) {
        return note(chain, instance, "an ARC set has two fields of the same kind");
    }
    place = field;
}

void add_field(Chain& chain,
               const mail::Message& message,
               const mail::FieldSpan& span,
               unsigned most) {
    const auto kind = kind_of(message.name(span));
    if (!kind) {
        return;
    }
    std::optional<unsigned> instance;
    std::string_view seal_says;
    if (*kind == Kind::results) {
        const auto split = split_results(message.value(span));
        instance = split ? std::optional(split->instance) : std::nullopt;
    } else if (const auto tags = dkim::TagList::parse(message.value(span))) {
        instance = read_number(tags->value("i"));
        seal_says = tags->value("cv");
    }
    if (!instance) {
        return note(chain, 0, "an ARC field is malformed or has no instance (i=)");
    }
    if (*instance > most) {
        return note(chain, *instance, "the chain has more ARC sets than the limit allows");
    }
    const std::string_view field = message.field(span);
    switch (*kind) {
        case Kind::results:
            return add(chain, *instance, &Set::results, field);
        case Kind::message:
            return add(chain, *instance, &Set::message, field);
        case Kind::seal:
            add(chain, *instance, &Set::seal, field);
            if (Set& set = chain.sets[*instance - 1]; set.seal == field) {
                set.chain = seal_says;
            }
            return;
    }
}

}  // namespace

std::optional<InstanceAndResults> split_results(std::string_view value) {
    const std::size_t end = value.find(';');
    const std::size_t equals = value.substr(0, end).find('=');
    if (end == std::string_view::npos || equals == std::string_view::npos ||
        dkim::trim_space(value.substr(0, equals)) != "i") {
        return std::nullopt;
    }
    const auto number = read_number(dkim::trim_space(value.substr(equals + 1, end - equals - 1)));
    if (!number) {
        return std::nullopt;
    }
    return InstanceAndResults{.instance = *number, .results = value.substr(end + 1)};
}

Chain collect_chain(const mail::Message& message, unsigned max_instances) {
    Chain chain;
    for (const mail::FieldSpan& span : message.fields()) {
        add_field(chain, message, span, max_instances);
    }
    chain.ended = chain.size() != 0 && chain.sets.back().chain == "fail";
    if (chain.ended) {
        note(chain, chain.size(), "the newest seal says that the chain has failed");
    }
    for (unsigned i = 1; i <= chain.size(); ++i) {
        const Set& set = chain.sets[i - 1];
        // RFC 8617 5.2: "Each ARC Set MUST contain exactly one each of the three ARC header fields (AAR, AMS, and AS)."
        if (set.results.empty() || set.message.empty() || set.seal.empty()) {
            note(chain, i, "an ARC set is incomplete or missing");
        } else if (set.chain != (i == 1 ? "none" : "pass")) {
            // RFC 8617 5.2: cv= is "none" in the first set and "pass" in all others.
            note(chain, i, "a seal says something impossible of the chain before it (cv=)");
        }
    }
    return chain;
}

}  // namespace bulla::arc
