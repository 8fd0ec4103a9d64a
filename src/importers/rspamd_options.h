#pragma once
#include <cstdint>
#include <string_view>

namespace bulla::importers {

/// As OptionFate.
enum class RspamdFate : std::uint8_t { mapped, unneeded, differs };

struct RspamdOption {
    std::string_view name;
    RspamdFate fate = RspamdFate::mapped;
    std::string_view text{};      ///< Why it is not needed, or what differs.
    std::string_view harmless{};  ///< The value with which nothing differs.
};

/// An option of dkim_signing of rspamd 3, whatever the case; null if there is none.
[[nodiscard]] const RspamdOption* find_rspamd_option(std::string_view name);

}  // namespace bulla::importers
