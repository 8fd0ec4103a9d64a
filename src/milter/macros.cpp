#include "milter/macros.h"

#include "milter/packet.h"

#include <algorithm>
#include <ranges>

namespace bulla::milter {

namespace {

// Sendmail writes {j} where Postfix writes j.
std::string_view bare(std::string_view name) {
    if (name.size() > 2 && name.starts_with('{') && name.ends_with('}')) {
        return name.substr(1, name.size() - 2);
    }
    return name;
}

}  // namespace

Result<void> Macros::take(std::string_view data) {
    if (data.empty()) {
        return fail("milter.bad_packet", Fault::sender, "macros for no command");
    }
    if (data.size() > max_octets) {
        return fail("milter.too_many_macros", Fault::sender, "too many octets of macros");
    }
    const auto command = commands.find(data.front());
    data.remove_prefix(1);
    std::vector<std::pair<std::string, std::string>> taken;
    while (!data.empty()) {
        const auto name = take_text(data);
        const auto value = take_text(data);
        if (!name || !value) {
            return fail("milter.bad_packet", Fault::sender, "a macro without an end");
        }
        if (taken.size() == max_count) {
            return fail("milter.too_many_macros", Fault::sender, "too many macros");
        }
        taken.emplace_back(bare(*name), *value);
    }
    if (command != std::string_view::npos) {
        values_.at(command) = std::move(taken);
    }
    return {};
}

std::string_view Macros::find(std::string_view name) const {
    for (const auto& values : std::views::reverse(values_)) {
        const auto found = std::ranges::find(
            values, bare(name), [](const auto& item) -> std::string_view { return item.first; });
        if (found != values.end()) {
            return found->second;
        }
    }
    return {};
}

void Macros::end_message() {
    for (auto& values : values_ | std::views::drop(first_of_message)) {
        values.clear();
    }
}

void Macros::clear() {
    for (auto& values : values_) {
        values.clear();
    }
}

}  // namespace bulla::milter
