#pragma once
#include "base/error.h"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bulla::qmail {

/// What a command line says, read as getopt(3) does.
struct Options {
    struct Given {
        char letter = 0;
        std::string value;
    };

    std::vector<Given> given;
    std::vector<std::string> words;  ///< What is no option.

    [[nodiscard]] bool has(char letter) const;
    /// The last value given for `letter`.
    [[nodiscard]] std::optional<std::string> value(char letter) const;
};

/// Reads `arguments` (without the program's name). `letters` is getopt's: "a" has no value, "a:" has one, "a::" may have one in the same word.
/// Options end at "--" or at the first word that is none. Errors: qmail.usage.
[[nodiscard]] Result<Options> parse_options(std::span<char* const> arguments,
                                            std::string_view letters);

}  // namespace bulla::qmail
