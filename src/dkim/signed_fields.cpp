#include "dkim/signed_fields.h"

#include "mail/message.h"

#include <algorithm>
#include <fmt/format.h>

namespace bulla::dkim {

namespace {

constexpr std::size_t most_names = 100;
// RFC 5322 2.1.1: a line of 78 characters, with the colon and a blank.
constexpr std::size_t longest_name = 76;
constexpr std::string_view separators = ",: \t";

bool is_name(std::string_view word) {
    return word.size() <= longest_name &&
           std::ranges::all_of(word, [](char c) { return c > ' ' && c < '\x7F' && c != ';'; });
}

SignedFields::iterator find(SignedFields& list, std::string_view name) {
    return std::ranges::find_if(
        list, [&](const SignedField& one) { return mail::equal_ignoring_case(one.name, name); });
}

}  // namespace

Result<std::vector<std::string>> parse_field_names(std::string_view text) {
    std::vector<std::string> out;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find_first_of(separators), text.size());
        const auto word = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (word.empty()) {
            continue;
        }
        const bool twice = std::ranges::any_of(
            out, [&](const std::string& one) { return mail::equal_ignoring_case(one, word); });
        if (!is_name(word) || twice || out.size() >= most_names) {
            return fail(
                "dkim.bad_field_name",
                Fault::sender,
                twice ? fmt::format("{} is named twice", word)
                      : fmt::format("these are no names of header fields, at most {}", most_names),
                "RFC 5322 2.2");
        }
        out.emplace_back(word);
    }
    return out;
}

std::shared_ptr<const SignedFields> make_signed_fields(std::string_view signed_names,
                                                       std::string_view oversigned_names) {
    const SignedFields& standard = *default_signed_fields();
    const auto names = signed_names == "default" ? Result<std::vector<std::string>>()
                                                 : parse_field_names(signed_names);
    const auto more = oversigned_names == "default" || oversigned_names == "none"
                          ? Result<std::vector<std::string>>()
                          : parse_field_names(oversigned_names);
    const bool all = !names || names->empty();
    const bool as_usual = oversigned_names != "none" && (!more || more->empty());
    if (all && as_usual) {
        return nullptr;
    }
    SignedFields out = all ? standard : SignedFields();
    for (const auto& name : all ? std::vector<std::string>() : *names) {
        out.push_back({.name = name});
    }
    // RFC 6376 5.4: "The From header field MUST be signed".
    if (find(out, "From") == out.end()) {
        out.insert(out.begin(), {.name = "From"});
    }
    for (auto& field : out) {
        field.oversign = Oversign::never;
    }
    for (const auto& field : as_usual ? standard : SignedFields()) {
        if (const auto at = find(out, field.name); at != out.end()) {
            at->oversign = field.oversign;
        }
    }
    for (std::string name : as_usual || !more ? std::vector<std::string>() : *more) {
        const bool if_there = name.ends_with('?') && name.size() > 1;
        if (if_there) {
            name.pop_back();
        }
        auto at = find(out, name);
        if (at == out.end()) {
            at = out.insert(out.end(), {.name = std::move(name)});
        }
        at->oversign = if_there ? Oversign::if_present : Oversign::always;
    }
    return std::make_shared<const SignedFields>(std::move(out));
}

}  // namespace bulla::dkim
