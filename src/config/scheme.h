#pragma once
#include "config/config.h"

#include <string>
#include <string_view>
#include <vector>

namespace bulla::config {

/// A Config with the defaults of bulla.toml, paths relative still.
[[nodiscard]] Config default_config();

/// A setting of bulla.toml for people: docs/configuration.md has a row for each.
struct KeyInfo {
    std::string_view table;  ///< "" above all tables, "limits", "[listener]" for a repeated table …
    std::string_view name;
    std::string type;   ///< with its range
    std::string value;  ///< The default, as TOML.
    std::string_view help;
};

[[nodiscard]] std::vector<KeyInfo> list_keys();

}  // namespace bulla::config
