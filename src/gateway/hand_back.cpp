#include "gateway/hand_back.h"

#include <algorithm>
#include <ranges>
#include <utility>

namespace bulla::gateway {

namespace {

std::string text_of(std::string_view text) {
    return std::string(text);
}

std::uint32_t count_before(const mail::Message& message, std::size_t end, std::string_view name) {
    return static_cast<std::uint32_t>(std::ranges::count_if(
        message.fields() | std::views::take(end),
        [&](const auto& field) { return mail::equal_ignoring_case(message.name(field), name); }));
}

bool edit_fields(const mail::Message& from, const mail::Message& to, Edits& edits) {
    if (to.fields().size() < from.fields().size()) {
        return false;
    }
    for (std::size_t i = 0; i < to.fields().size(); ++i) {
        const auto name = to.name(to.fields()[i]);
        const auto value = to.value(to.fields()[i]);
        if (i >= from.fields().size()) {
            edits.fields.push_back(
                {.kind = FieldEdit::Kind::add, .name = text_of(name), .value = text_of(value)});
            continue;
        }
        if (from.name(from.fields()[i]) != name) {
            return false;
        }
        if (from.value(from.fields()[i]) != value) {
            edits.fields.push_back({.kind = FieldEdit::Kind::change,
                                    .index = count_before(from, i, name) + 1,
                                    .name = text_of(name),
                                    .value = text_of(value)});
        }
    }
    return true;
}

}  // namespace

std::optional<Edits> make_edits(const mail::Message& received, const Copy& copy) {
    Edits edits;
    if (copy.converted) {
        if (!edit_fields(received, copy.message, edits)) {
            return std::nullopt;
        }
        if (copy.message.body() != received.body()) {
            edits.body = text_of(copy.message.body());
        }
    }
    const auto prefix = mail::Message::parse(copy.prefix);
    if (!prefix || prefix->header().size() != copy.prefix.size()) {
        return std::nullopt;
    }
    // Each goes before all others: the last one first.
    for (const auto& field : std::views::reverse(prefix->fields())) {
        edits.fields.push_back({.kind = FieldEdit::Kind::insert,
                                .name = text_of(prefix->name(field)),
                                .value = text_of(prefix->value(field))});
    }
    return edits;
}

}  // namespace bulla::gateway
