#pragma once
#include "config/config.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace bulla::config {

/// A bulla.toml has no more octets.
inline constexpr std::size_t max_config_bytes = 1U << 20U;

/// A Config with the defaults of bulla.toml, paths relative still.
[[nodiscard]] Config default_config();

/// A setting of bulla.toml for people: docs/configuration.md has a row for each.
struct KeyInfo {
    std::string_view table;  ///< "" above all tables, "limits", "[listener]" for a repeated table …
    std::string_view name;
    std::string type;   ///< with its range
    std::string value;  ///< The default, as TOML.
    std::string_view help;
    bool restarts =
        false;  ///< A change waits for the next start; else it is in force after a reload.
};

[[nodiscard]] std::vector<KeyInfo> list_keys();

/// What a reload makes of a bulla.toml that was read again.
struct Reloaded {
    Config config;  ///< To be in force: what can be followed, and for the rest what is running.
    std::vector<std::string> waiting;  ///< Settings that wait for a restart, as "console.port".
};

/// Pure. `running` is what the program was started with.
[[nodiscard]] Reloaded decide_reload(const Config& running, const Config& read);

}  // namespace bulla::config
