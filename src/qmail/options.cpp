#include "qmail/options.h"

#include <algorithm>
#include <fmt/format.h>

namespace bulla::qmail {

namespace {

enum class Value { none, needed, may_follow };

std::optional<Value> find_letter(std::string_view letters, char letter) {
    const auto at = letters.find(letter);
    if (letter == ':' || at == std::string_view::npos) {
        return std::nullopt;
    }
    const auto rest = letters.substr(at + 1);
    return rest.starts_with("::")  ? Value::may_follow
           : rest.starts_with(':') ? Value::needed
                                   : Value::none;
}

}  // namespace

bool Options::has(char letter) const {
    return std::ranges::any_of(given, [&](const Given& one) { return one.letter == letter; });
}

std::optional<std::string> Options::value(char letter) const {
    std::optional<std::string> found;
    for (const auto& one : given) {
        if (one.letter == letter) {
            found = one.value;
        }
    }
    return found;
}

Result<Options> parse_options(std::span<char* const> arguments, std::string_view letters) {
    Options options;
    std::size_t i = 0;
    for (; i < arguments.size(); ++i) {
        std::string_view word = arguments[i];
        if (word == "--") {
            ++i;
            break;
        }
        if (word.size() < 2 || word.front() != '-') {
            break;
        }
        word.remove_prefix(1);
        while (!word.empty()) {
            const char letter = word.front();
            word.remove_prefix(1);
            const auto kind = find_letter(letters, letter);
            if (!kind) {
                return fail("qmail.usage", Fault::sender, fmt::format("there is no -{}", letter));
            }
            std::string value;
            if (*kind != Value::none) {
                value = word;
                word = {};
                if (value.empty() && *kind == Value::needed) {
                    if (++i == arguments.size()) {
                        return fail("qmail.usage",
                                    Fault::sender,
                                    fmt::format("-{} needs a value behind it", letter));
                    }
                    value = arguments[i];
                }
            }
            options.given.push_back({letter, std::move(value)});
        }
    }
    for (; i < arguments.size(); ++i) {
        options.words.emplace_back(arguments[i]);
    }
    return options;
}

}  // namespace bulla::qmail
