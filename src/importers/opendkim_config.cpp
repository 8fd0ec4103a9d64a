#include "importers/opendkim_config.h"

#include "importers/text.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

namespace bulla::importers {

namespace {

// opendkim.conf(5): "Nesting is allowed to a maximum of five levels."
constexpr int most_levels = 5;
constexpr std::size_t most_files = 64;

bool is_integer(std::string_view text) {
    // strtol with base 0, as OpenDKIM reads numbers.
    if (text.starts_with('-') || text.starts_with('+')) {
        text.remove_prefix(1);
    }
    int base = 10;
    if (text.starts_with("0x") || text.starts_with("0X")) {
        base = 16;
        text.remove_prefix(2);
    } else if (text.starts_with('0')) {
        base = 8;
    }
    std::int64_t number = 0;
    const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), number, base);
    return !text.empty() && wrong == std::errc() && end == text.data() + text.size();
}

bool is_flag(std::string_view text) {
    return !text.empty() && std::string_view("tTyY1fFnN0").contains(text.front());
}

}  // namespace

OpendkimConfig OpendkimConfig::read(PlanBuilder& plan, const std::string& path) {
    OpendkimConfig out;
    out.file_ = path;
    out.read_file(plan, path, {.file = path}, 0);
    return out;
}

void OpendkimConfig::read_file(PlanBuilder& plan,
                               const std::string& path,
                               const Place& from,
                               int depth) {
    if (depth > most_levels || ++files_ > most_files) {
        return plan.error(from,
                          fmt::format("{} is not read: files include each other more than {} "
                                      "levels deep, or there are more than {}",
                                      path,
                                      most_levels,
                                      most_files));
    }
    auto text = read_text(plan.files(), path, most_config_octets);
    if (!text) {
        return plan.error(from, text.error().text);
    }
    const auto source = std::make_shared<const SecretBytes>(*std::move(text));
    for (Lines lines(source->view()); lines.next();) {
        std::string_view line = lines.text();
        line = line.substr(0, line.find_first_of("#\r"));
        if (!trim(line).empty()) {
            read_line(plan, source, line, {.file = path, .line = lines.number()}, depth);
        }
    }
}

void OpendkimConfig::read_line(PlanBuilder& plan,
                               const std::shared_ptr<const SecretBytes>& source,
                               std::string_view line,
                               const Place& place,
                               int depth) {
    Piece rest{.text = line, .column = 1};
    const Piece name = take_word(rest);
    const auto* option = find_opendkim_option(name.text);
    const Place at_name{.file = place.file, .line = place.line, .column = name.column};
    const Place at_value{.file = place.file, .line = place.line, .column = rest.column};
    if (option == nullptr) {
        return plan.error(at_name, fmt::format("\"{}\" is no option of OpenDKIM 2.11", name.text));
    }
    if (rest.text.empty()) {
        return plan.error(at_name, fmt::format("{} has no value", option->name));
    }
    if (option->type == OptionType::boolean && !is_flag(rest.text)) {
        return plan.error(at_value, fmt::format("{} is to be yes or no", option->name));
    }
    if (option->type == OptionType::integer && !is_integer(rest.text)) {
        return plan.error(at_value, fmt::format("{} is to be a number", option->name));
    }
    if (option->name == "Include") {
        return read_file(plan, path_of(rest.text), at_value, depth + 1);
    }
    keep({.option = option, .text = rest.text, .place = at_value, .source = source});
}

void OpendkimConfig::keep(OpendkimValue value) {
    const auto found = std::ranges::find(values_, value.option, &OpendkimValue::option);
    if (found == values_.end()) {
        values_.push_back(std::move(value));
    } else {
        *found = std::move(value);
    }
}

const OpendkimValue* OpendkimConfig::find(std::string_view name) const {
    const auto found = std::ranges::find_if(
        values_, [&](const OpendkimValue& one) { return one.option->name == name; });
    return found == values_.end() ? nullptr : &*found;
}

std::string_view OpendkimConfig::text(std::string_view name, std::string_view missing) const {
    const auto* value = find(name);
    return value == nullptr ? missing : value->text;
}

bool OpendkimConfig::flag(std::string_view name) const {
    const auto value = text(name, "no");
    return std::string_view("tTyY1").contains(value.front());
}

Place OpendkimConfig::place(std::string_view name) const {
    const auto* value = find(name);
    return value == nullptr ? Place{.file = file_} : value->place;
}

std::string OpendkimConfig::path_of(std::string_view text) const {
    const auto base = this->text("BaseDirectory");
    return join_path(base.empty() ? directory_of(file_) : std::string(base), std::string(text));
}

}  // namespace bulla::importers
