#include "cli/output.h"

#include "base/hazard.h"

#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <ostream>
#include <utility>

namespace bulla::cli {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";

/// Octets of the well-formed UTF-8 sequence (RFC 3629 4) at the start of `text`; 0 if it is broken.
std::size_t sequence_length(std::string_view text) {
    const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const auto follows = [&](std::size_t i, unsigned low = 0x80, unsigned high = 0xBF) {
        return i < text.size() && at(i) >= low && at(i) <= high;
    };
    const unsigned first = at(0);
    if (first < 0x80) {
        return 1;
    }
    if (first >= 0xC2 && first <= 0xDF) {
        return follows(1) ? 2 : 0;
    }
    if (first >= 0xE0 && first <= 0xEF) {
        const unsigned low = first == 0xE0 ? 0xA0 : 0x80;
        const unsigned high = first == 0xED ? 0x9F : 0xBF;
        return follows(1, low, high) && follows(2) ? 3 : 0;
    }
    if (first >= 0xF0 && first <= 0xF4) {
        const unsigned low = first == 0xF0 ? 0x90 : 0x80;
        const unsigned high = first == 0xF4 ? 0x8F : 0xBF;
        return follows(1, low, high) && follows(2) && follows(3) ? 4 : 0;
    }
    return 0;
}

/// Of one well-formed sequence of at most three octets.
unsigned code_point(std::string_view sequence) {
    const auto at = [&](std::size_t i) { return static_cast<unsigned char>(sequence[i]); };
    return sequence.size() == 1   ? at(0)
           : sequence.size() == 2 ? (at(0) & 0x1FU) << 6U | (at(1) & 0x3FU)
                                  : (at(0) & 0xFU) << 12U | (at(1) & 0x3FU) << 6U | (at(2) & 0x3FU);
}

std::size_t columns(std::string_view text) {
    return static_cast<std::size_t>(std::ranges::count_if(
        text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

}  // namespace

std::string printable(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const std::size_t length = sequence_length(text);
        const std::string_view sequence = text.substr(0, std::max<std::size_t>(length, 1));
        out.append(length == 0 || hazard_length(sequence) > 0 ? replacement : sequence);
        text.remove_prefix(sequence.size());
    }
    return out;
}

Table::Table(std::vector<std::string> heading) {
    rows_.push_back(std::move(heading));
}

void Table::add(std::vector<std::string> cells) {
    std::ranges::transform(cells, cells.begin(), printable);
    cells.resize(rows_.front().size());
    rows_.push_back(std::move(cells));
}

void Table::print(std::ostream& out, std::string_view empty) const {
    if (rows_.size() == 1) {
        out << empty << '\n';
        return;
    }
    std::vector<std::size_t> widths(rows_.front().size());
    for (const auto& row : rows_) {
        for (std::size_t i = 0; i < widths.size(); ++i) {
            widths[i] = std::max(widths[i], columns(row[i]));
        }
    }
    for (const auto& row : rows_) {
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i) {
            line.append(row[i]);
            line.append(widths[i] - columns(row[i]) + 2, ' ');
        }
        line.erase(line.find_last_not_of(' ') + 1);
        out << line << '\n';
    }
}

void print_json(std::ostream& out, const nlohmann::json& value) {
    const std::string text = value.dump(2, ' ', false, nlohmann::json::error_handler_t::replace);
    // People look at JSON in a terminal too. Such characters stand in strings only, where JSON has an escape for them; line ends are the writer's.
    std::string shown;
    shown.reserve(text.size() + 1);
    for (std::string_view rest = text; !rest.empty();) {
        const std::size_t hazard = rest.front() == '\n' ? 0 : hazard_length(rest);
        if (hazard > 0) {
            shown += fmt::format("\\u{:04x}", code_point(rest.substr(0, hazard)));
        } else {
            shown += rest.front();
        }
        rest.remove_prefix(std::max<std::size_t>(hazard, 1));
    }
    out << shown << '\n';
}

}  // namespace bulla::cli
