#include "importers/exim_expand.h"

#include "importers/text.h"

#include <algorithm>
#include <fmt/format.h>

namespace bulla::importers {

namespace {

constexpr int most_depth = 20;
constexpr std::size_t longest_result = 65536;

bool is_name_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// Without the name in front and the angle brackets of an address.
std::string_view address_in(std::string_view text) {
    const std::size_t open = text.rfind('<');
    if (open != std::string_view::npos) {
        text = text.substr(open + 1);
        text = text.substr(0, text.find('>'));
    }
    return trim(text);
}

std::string upper(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), [](char c) {
        return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    return out;
}

// lsearch: "key: value" or "key value", # remarks, lines that begin with a blank go on with the one before.
template <class Take>
Result<void> visit_lines(const Files& files, const std::string& path, const Take& take) {
    BULLA_TRY(text, read_text(files, path, most_table_octets));
    for (Lines lines(text.view()); lines.next();) {
        const auto line = lines.text();
        if (line.empty() || line.front() == '#' || blanks.contains(line.front())) {
            continue;
        }
        const std::size_t end = std::min(line.find_first_of(": \t"), line.size());
        auto value = trim(line.substr(end));
        if (value.starts_with(':')) {
            value = trim(value.substr(1));
        }
        if (!take(line.substr(0, end), value)) {
            break;
        }
    }
    return {};
}

}  // namespace

Result<std::optional<std::string>> search_lines(const Files& files,
                                                const std::string& path,
                                                std::string_view key) {
    std::optional<std::string> out;
    BULLA_CHECK(visit_lines(files, path, [&](std::string_view name, std::string_view value) {
        if (same_word(name, key)) {
            out = std::string(value);
        }
        return !out;
    }));
    return out;
}

Result<std::vector<std::string>> list_keys(const Files& files, const std::string& path) {
    constexpr std::size_t most = 10'000;
    std::vector<std::string> out;
    BULLA_CHECK(visit_lines(files, path, [&](std::string_view name, std::string_view) {
        out.push_back(lower(name));
        return out.size() < most;
    }));
    return out;
}

Result<Expanded> EximExpander::expand(std::string_view text) {
    text_ = text;
    at_ = 0;
    BULLA_TRY(out, run('\0', 0));
    return Expanded{.text = std::move(out), .variables = std::move(seen_)};
}

std::unexpected<Error> EximExpander::unknown(std::string_view what) const {
    return fail("import.exim_unknown",
                Fault::sender,
                fmt::format("bulla cannot tell what {} (at octet {}) comes to", what, at_ + 1));
}

bool EximExpander::next_is(char c) const {
    return at_ < text_.size() && text_[at_] == c;
}

void EximExpander::skip_blanks() {
    while (at_ < text_.size() && (blanks.contains(text_[at_]) || text_[at_] == '\n')) {
        ++at_;
    }
}

std::string_view EximExpander::word() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && is_name_char(text_[at_])) {
        ++at_;
    }
    return text_.substr(begin, at_ - begin);
}

// Up to `end`, which is taken; '\0': to the end of the text.
Result<std::string> EximExpander::run(char end, int depth) {
    if (depth > most_depth) {
        return unknown("so deep a nest of braces");
    }
    std::string out;
    while (at_ < text_.size() && (end == '\0' || text_[at_] != end)) {
        if (text_[at_] == '$') {
            BULLA_TRY(value, item(depth));
            out += value;
        } else if (text_[at_] == '\\' && at_ + 1 < text_.size()) {
            out.push_back(text_[at_ + 1]);
            at_ += 2;
        } else {
            out.push_back(text_[at_++]);
        }
        if (out.size() > longest_result) {
            return unknown("so long a text");
        }
    }
    if (end != '\0' && at_++ >= text_.size()) {
        return unknown("a text whose brace is never closed");
    }
    return out;
}

Result<std::string> EximExpander::item(int depth) {
    ++at_;
    if (next_is('{')) {
        ++at_;
        return braced_item(depth + 1);
    }
    const auto name = word();
    // A header's name goes up to a colon.
    if (next_is(':') && (name.starts_with("h_") || name.starts_with("rh_") ||
                         name.starts_with("bh_") || name.starts_with("header_"))) {
        ++at_;
    }
    return value_of(name);
}

Result<std::string> EximExpander::value_of(std::string_view name) {
    std::string known = lower(name);
    if (known == "h_from" || known == "rh_from" || known == "bh_from" || known == "header_from") {
        seen_.insert("h_from");
        const auto domain = variables_.find("sender_address_domain");
        return domain == variables_.end() ? unknown("$" + known)
                                          : Result<std::string>("a@" + domain->second);
    }
    const auto found = variables_.find(known);
    if (found == variables_.end()) {
        return unknown("$" + std::string(name));
    }
    seen_.insert(known);
    return found->second;
}

// After "${".
Result<std::string> EximExpander::braced_item(int depth) {
    const std::string name(word());
    if (next_is('}')) {
        ++at_;
        return value_of(name);
    }
    if (next_is(':')) {
        ++at_;
        return operation(name, depth);
    }
    if (name == "lookup") {
        return lookup(depth);
    }
    if (name == "if") {
        return condition(depth);
    }
    return unknown("${" + name);
}

// After "${name:".
Result<std::string> EximExpander::operation(const std::string& name, int depth) {
    if (name.starts_with("h_") || name.starts_with("rh_")) {
        if (!next_is('}')) {
            return unknown("${" + name);
        }
        ++at_;
        return value_of(name);
    }
    BULLA_TRY(inside, run('}', depth + 1));
    if (name == "lc") {
        return lower(inside);
    }
    if (name == "uc") {
        return upper(inside);
    }
    if (name == "address") {
        return std::string(address_in(inside));
    }
    if (name == "domain") {
        const auto address = address_in(inside);
        const std::size_t at = address.rfind('@');
        return at == std::string_view::npos ? std::string() : std::string(address.substr(at + 1));
    }
    return unknown("${" + name + ":");
}

// "{ … }", with blanks before it.
Result<std::string> EximExpander::part(int depth) {
    skip_blanks();
    if (!next_is('{')) {
        return unknown("what stands here instead of a brace");
    }
    ++at_;
    return run('}', depth + 1);
}

// After "${lookup": {KEY}lsearch{FILE}{FOUND}{NOT}}
Result<std::string> EximExpander::lookup(int depth) {
    BULLA_TRY(key, part(depth));
    skip_blanks();
    const std::string kind(word());
    if (kind != "lsearch" && kind != "nwildlsearch" && kind != "wildlsearch") {
        return unknown("the lookup " + kind);
    }
    BULLA_TRY(path, part(depth));
    seen_.insert("lsearch:" + path);
    BULLA_TRY(found, search_lines(files_, path, key));
    std::string yes = found.value_or("");
    skip_blanks();
    if (next_is('{')) {
        // $value is known within the first of the two alone.
        Variables with = variables_;
        with.insert_or_assign("value", yes);
        EximExpander reader(files_, with);
        reader.text_ = text_;
        reader.at_ = at_;
        BULLA_TRY(text, reader.part(depth));
        at_ = reader.at_;
        seen_.merge(reader.seen_);
        yes = std::move(text);
    }
    BULLA_TRY(no, otherwise(depth, "a lookup"));
    return found ? yes : no;
}

// The end of a look-up or a condition: "{NO}" if it is there, and the closing brace.
Result<std::string> EximExpander::otherwise(int depth, std::string_view what) {
    std::string no;
    skip_blanks();
    if (next_is('{')) {
        BULLA_TRY(text, part(depth));
        no = std::move(text);
        skip_blanks();
    }
    if (!next_is('}')) {
        return unknown(fmt::format("what follows {}", what));
    }
    ++at_;
    return no;
}

// After "${if": exists{FILE}{YES}{NO}}
Result<std::string> EximExpander::condition(int depth) {
    skip_blanks();
    const std::string kind(word());
    if (kind != "exists") {
        return unknown("the condition " + kind);
    }
    BULLA_TRY(path, part(depth));
    BULLA_TRY(yes, part(depth));
    BULLA_TRY(no, otherwise(depth, "a condition"));
    return files_.exists(path) ? yes : no;
}

}  // namespace bulla::importers
