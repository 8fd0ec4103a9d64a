#pragma once
#include "base/error.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bulla::config {

/// A value of a TOML file with its place, so that whoever reads it can say where it is wrong.
struct Node {
    enum class Kind { table, array, text, whole, flag, other };

    Kind kind = Kind::other;
    int line = 0;        ///< From 1.
    int column = 0;      ///< From 1, in characters.
    std::string name{};  ///< In a table: its key.
    std::string text{};
    std::int64_t whole = 0;
    bool flag = false;
    std::vector<Node>
        items{};  ///< Of an array in their order, of a table in the order of their names.
};

/// Reads TOML 1.0. `path` is for errors only. Errors: config.bad ("path:line:column: why"), config.too_large (over 1 MiB).
[[nodiscard]] Result<Node> parse_toml(std::string_view text, const std::string& path);

/// "text" as a TOML basic string, quotes included.
[[nodiscard]] std::string write_toml_string(std::string_view text);

}  // namespace bulla::config
