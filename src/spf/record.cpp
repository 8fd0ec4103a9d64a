#include "spf/record.h"

#include "spf/characters.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace bulla::spf {

namespace {

constexpr std::string_view version = "v=spf1";
constexpr std::size_t longest_shown = 100;
constexpr std::size_t usual_terms = 64;
constexpr unsigned bits_v4 = 32;
constexpr unsigned bits_v6 = 128;

std::unexpected<Error> bad_term(std::string_view term, std::string_view why) {
    return fail("spf.bad_record",
                Fault::sender,
                "\"" + make_printable(term) + "\" in it is malformed: " + std::string(why),
                "RFC 7208 4.6");
}

struct Named {
    std::string_view name;
    Mechanism mechanism;
};

constexpr std::array<Named, 8> mechanisms{{{"all", Mechanism::all},
                                           {"include", Mechanism::include},
                                           {"a", Mechanism::a},
                                           {"mx", Mechanism::mx},
                                           {"ptr", Mechanism::ptr},
                                           {"ip4", Mechanism::ip4},
                                           {"ip6", Mechanism::ip6},
                                           {"exists", Mechanism::exists}}};

// RFC 7208 4.6.1: "qualifier = '+' / '-' / '?' / '~'"
std::optional<Verdict> read_qualifier(char c) {
    switch (c) {
        case '+':
            return Verdict::pass;
        case '-':
            return Verdict::fail;
        case '?':
            return Verdict::neutral;
        case '~':
            return Verdict::softfail;
        default:
            return std::nullopt;
    }
}

// Takes "/24" from the end of `text` (with `slashes` "//": "//64"). Nothing there: `bits` stays. False: what is there is no length.
bool take_prefix(std::string_view& text, std::string_view slashes, unsigned most, unsigned& bits) {
    std::size_t begin = text.size();
    while (begin > 0 && is_digit(text[begin - 1])) {
        --begin;
    }
    const std::string_view digits = text.substr(begin);
    if (digits.empty() || !text.substr(0, begin).ends_with(slashes)) {
        return true;
    }
    // RFC 7208 5.6: "ip4-cidr-length = '/' ('0' / %x31-39 0*1DIGIT) ; value range 0-32", and its like for IPv6.
    unsigned value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc{} || (digits.size() > 1 && digits.front() == '0') || value > most) {
        return false;
    }
    bits = value;
    text.remove_suffix(digits.size() + slashes.size());
    return true;
}

bool read_network(Directive& directive, std::string_view text) {
    const bool v4 = directive.mechanism == Mechanism::ip4;
    if (!take_prefix(
            text, "/", v4 ? bits_v4 : bits_v6, v4 ? directive.prefix_v4 : directive.prefix_v6)) {
        return false;
    }
    const auto ip = Ip::parse(text);
    if (!ip || text.contains(':') == v4) {
        return false;
    }
    directive.network = *ip;
    return true;
}

// What follows the name of a mechanism: "", ":…" or "/…".
Result<void> read_argument(Directive& directive, std::string_view rest) {
    const auto bad = [&](std::string_view why) { return bad_term(directive.text, why); };
    const Mechanism mechanism = directive.mechanism;
    if (mechanism == Mechanism::ip4 || mechanism == Mechanism::ip6) {
        if (!rest.starts_with(':') || !read_network(directive, rest.substr(1))) {
            return bad("it needs an address or a network of its kind");
        }
        return {};
    }
    if (mechanism == Mechanism::a || mechanism == Mechanism::mx) {
        if (!take_prefix(rest, "//", bits_v6, directive.prefix_v6) ||
            !take_prefix(rest, "/", bits_v4, directive.prefix_v4)) {
            return bad("the prefix length is out of range");
        }
    }
    if (rest.empty()) {
        return mechanism == Mechanism::include || mechanism == Mechanism::exists
                   ? Result<void>(bad("it needs a domain"))
                   : Result<void>();
    }
    if (mechanism == Mechanism::all || !rest.starts_with(':')) {
        return bad("nothing like that may follow the name of the mechanism");
    }
    auto target = MacroString::parse(rest.substr(1), MacroUse::domain_spec);
    if (!target) {
        return bad(target.error().text);
    }
    directive.target = *std::move(target);
    return {};
}

Result<Directive> parse_directive(std::string_view term) {
    Directive directive;
    directive.text = term;
    std::string_view rest = term;
    if (const auto qualifier = read_qualifier(term.front())) {
        directive.result = *qualifier;
        rest.remove_prefix(1);
    }
    const std::string_view name = rest.substr(0, rest.find_first_of(":/"));
    const auto* const known = std::ranges::find_if(
        mechanisms, [&](const Named& one) { return is_same_word(one.name, name); });
    if (known == mechanisms.end()) {
        return bad_term(term, "there is no such mechanism");
    }
    directive.mechanism = known->mechanism;
    BULLA_CHECK(read_argument(directive, rest.substr(name.size())));
    return directive;
}

// RFC 7208 4.6.1: "name = ALPHA *( ALPHA / DIGIT / '-' / '_' / '.' )"
bool is_modifier_name(std::string_view name) {
    return !name.empty() && is_alpha(name.front()) && std::ranges::all_of(name, [](char c) {
        return is_alpha(c) || is_digit(c) || c == '-' || c == '_' || c == '.';
    });
}

Result<void> parse_modifier(Record& record, std::string_view term, std::size_t equals) {
    const std::string_view name = term.substr(0, equals);
    if (!is_modifier_name(name)) {
        return bad_term(term, "this is no name of a modifier");
    }
    std::optional<MacroString>* const known = is_same_word(name, "redirect") ? &record.redirect
                                              : is_same_word(name, "exp")    ? &record.explanation
                                                                             : nullptr;
    auto value = MacroString::parse(term.substr(equals + 1),
                                    known != nullptr ? MacroUse::domain_spec : MacroUse::modifier);
    if (!value) {
        return bad_term(term, value.error().text);
    }
    // RFC 7208 6: "Unrecognized modifiers MUST be ignored no matter where, or how often, they appear in a record."
    if (known == nullptr) {
        return {};
    }
    // RFC 7208 6: "These two modifiers MUST NOT appear in a record more than once each. If they do, then check_host() exits with a result
    // of 'permerror'."
    if (known->has_value()) {
        return bad_term(term, "the modifier stands there twice");
    }
    *known = *std::move(value);
    return {};
}

}  // namespace

bool Directive::covers(const Ip& address, const Ip& ip) const {
    // A client whose address is IPv4-mapped is an IPv4 client (RFC 7208 5), so ip6 never covers one, whatever its network looks like.
    if (mechanism == Mechanism::ip6 ? ip.is_v4() : address.is_v4() != ip.is_v4()) {
        return false;
    }
    const unsigned bits = ip.is_v4() ? bits_v6 - bits_v4 + prefix_v4 : prefix_v6;
    const auto& ours = address.bytes();
    const auto& theirs = ip.bytes();
    const std::size_t whole = bits / 8;
    if (!std::equal(
            ours.begin(), ours.begin() + static_cast<std::ptrdiff_t>(whole), theirs.begin())) {
        return false;
    }
    const unsigned rest = bits % 8;
    return rest == 0 || static_cast<unsigned>(ours[whole] ^ theirs[whole]) >> (8U - rest) == 0;
}

bool Directive::asks_dns() const {
    return mechanism != Mechanism::all && mechanism != Mechanism::ip4 &&
           mechanism != Mechanism::ip6;
}

bool is_record(std::string_view text) {
    // RFC 7208 4.5: "Note that the version section is terminated by either an SP character or the end of the record."
    return is_same_word(text.substr(0, version.size()), version) &&
           (text.size() == version.size() || text[version.size()] == ' ');
}

Result<Record> parse_record(std::string_view text) {
    Record record;
    text.remove_prefix(std::min(text.size(), version.size()));
    record.directives.reserve(
        std::min(static_cast<std::size_t>(std::ranges::count(text, ' ')), usual_terms));
    while (!text.empty()) {
        if (text.front() == ' ') {
            text.remove_prefix(1);
            continue;
        }
        const std::string_view term = text.substr(0, text.find(' '));
        text.remove_prefix(term.size());
        // RFC 7208 4.6.1: "Modifiers always contain an equals ('=') character immediately after the name, and before any ':' or '/'
        // characters that might be part of the macro-string."
        const auto mark = term.find_first_of("=:/");
        if (mark != std::string_view::npos && term[mark] == '=') {
            BULLA_CHECK(parse_modifier(record, term, mark));
        } else {
            BULLA_TRY(directive, parse_directive(term));
            record.directives.push_back(std::move(directive));
        }
    }
    return record;
}

std::string make_printable(std::string_view text) {
    std::string shown(text.substr(0, longest_shown));
    for (char& c : shown) {
        if (c < ' ' || c > '~') {
            c = '?';
        }
    }
    return shown.size() < text.size() ? shown + " ..." : shown;
}

}  // namespace bulla::spf
