#include "importers/exim_config.h"

#include "importers/text.h"

#include <algorithm>
#include <fmt/format.h>

namespace bulla::importers {

namespace {

constexpr int most_depth = 5;
constexpr std::size_t most_files = 500;
constexpr std::size_t most_macros = 2'000;
constexpr std::size_t most_octets = std::size_t{4} << 20;
constexpr std::size_t most_conditions = 100;

bool is_word_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

std::size_t word_end(std::string_view text, std::size_t begin) {
    std::size_t end = begin;
    while (end < text.size() && is_word_char(text[end])) {
        ++end;
    }
    return end;
}

}  // namespace

void EximConfig::read_file(const std::string& path, const Place& from, int depth) {
    if (depth > most_depth || ++files_ > most_files) {
        return plan_.error(from,
                           fmt::format("{} is not read: too many files include each other", path));
    }
    const auto text = read_text(plan_.files(), path, most_config_octets);
    if (!text) {
        return plan_.error(from, text.error().text);
    }
    std::string whole;
    Place place{.file = path};
    for (Lines lines(text->view()); lines.next();) {
        const Piece line = trim(Piece{.text = lines.text()});
        if (line.text.starts_with('#') || (line.text.empty() && whole.empty())) {
            continue;
        }
        if (whole.empty()) {
            place = {.file = path, .line = lines.number(), .column = line.column};
        }
        whole += line.text;
        if (whole.ends_with('\\')) {
            whole.pop_back();
            continue;
        }
        take(std::exchange(whole, {}), place, depth);
    }
    if (!whole.empty()) {
        take(std::move(whole), place, depth);
    }
}

void EximConfig::take(std::string text, const Place& place, int depth) {
    if (directive(text, place, depth) || !is_active() || define(text)) {
        return;
    }
    text = replace_macros(text);
    octets_ += text.size();
    if (octets_ > most_octets) {
        if (!std::exchange(full_, true)) {
            plan_.error(place, "the configuration is too long from here on");
        }
        return;
    }
    lines_.push_back({.text = std::move(text), .place = place});
}

bool EximConfig::is_active() const {
    return std::ranges::find(conditions_, false) == conditions_.end();
}

bool EximConfig::is_defined(std::string_view words) const {
    for (std::size_t at = 0; at < words.size();) {
        const std::size_t end = word_end(words, at);
        const auto word = words.substr(at, end - at);
        // Exim defines names of its own for what it was built with: the parts that are of interest here are there.
        if (macros_.contains(word) || word.starts_with("_HAVE_") || word.starts_with("_OPT_") ||
            word.starts_with("_DRIVER_")) {
            return true;
        }
        at = end + 1;
    }
    return false;
}

bool EximConfig::directive(std::string_view text, const Place& place, int depth) {
    if (!text.starts_with('.')) {
        return false;
    }
    Piece rest{.text = text};
    const auto word = take_word(rest).text;
    if (word == ".ifdef" || word == ".ifndef") {
        if (conditions_.size() >= most_conditions) {
            plan_.error(place, "conditions are nested too deep");
            return true;
        }
        conditions_.push_back(is_defined(rest.text) == (word == ".ifdef"));
    } else if (word == ".else" || word == ".elifdef" || word == ".elifndef") {
        if (word != ".else") {
            plan_.warn(place, fmt::format("{} is read as .else", word));
        }
        if (!conditions_.empty()) {
            conditions_.back() = !conditions_.back();
        }
    } else if (word == ".endif") {
        if (!conditions_.empty()) {
            conditions_.pop_back();
        }
    } else if ((word == ".include" || word == ".include_if_exists") && is_active()) {
        const auto path = join_path(directory_of(place.file), replace_macros(rest.text));
        if (word == ".include" || plan_.files().exists(path)) {
            read_file(path, place, depth + 1);
        }
    }
    return true;
}

// NAME = value, or NAME == value to set it anew.
bool EximConfig::define(std::string_view text) {
    if (text.empty() || text.front() < 'A' || text.front() > 'Z') {
        return false;
    }
    const std::size_t end = word_end(text, 0);
    auto rest = trim(text.substr(end));
    if (!rest.starts_with('=')) {
        return false;
    }
    const bool again = rest.starts_with("==");
    rest = trim(rest.substr(again ? 2 : 1));
    if (macros_.size() < most_macros) {
        macros_.insert_or_assign(std::string(text.substr(0, end)), replace_macros(rest));
    }
    return true;
}

std::string EximConfig::replace_macros(std::string_view text) const {
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = word_end(text, at);
        if (end == at) {
            out.push_back(text[at++]);
            continue;
        }
        const auto word = text.substr(at, end - at);
        const auto macro = macros_.find(word);
        // A value that grows without end is cut: no option is as long as that.
        if (out.size() < longest_line) {
            out.append(macro == macros_.end() ? word : std::string_view(macro->second));
        }
        at = end;
    }
    return out.substr(0, longest_line);
}

std::vector<EximTransport> EximConfig::transports() const {
    std::vector<EximTransport> out;
    bool inside = false;
    for (const EximLine& line : lines_) {
        Piece rest{.text = line.text};
        const auto first = take_word(rest).text;
        if (first == "begin") {
            inside = rest.text == "transports";
            continue;
        }
        if (!inside) {
            continue;
        }
        const std::size_t end = word_end(line.text, 0);
        const auto after = trim(std::string_view(line.text).substr(end));
        if (after == ":" && end > 0) {
            out.push_back({.name = line.text.substr(0, end), .options = {}});
        } else if (!out.empty() && after.starts_with('=')) {
            const std::string name = line.text.substr(0, end);
            if (name.starts_with("dkim_") || name == "driver") {
                out.back().options.insert_or_assign(
                    name,
                    EximOption{.value = std::string(trim(after.substr(1))), .place = line.place});
            }
        } else if (!out.empty() && line.text.starts_with("dkim_")) {
            out.back().options.insert_or_assign(line.text.substr(0, end),
                                                EximOption{.value = "true", .place = line.place});
        }
    }
    return out;
}

}  // namespace bulla::importers
