#pragma once
#include <cstdint>
#include <span>
#include <string_view>

namespace bulla::importers {

/// What opendkim.conf(5) says that an option takes.
enum class OptionType : std::uint8_t { boolean, integer, text, dataset };

/// mapped: the reader carries it over. unneeded: it has no part in signing, or bulla has that of itself. differs: it changes what is signed or
/// what happens to mail, and bulla does not do that.
enum class OptionFate : std::uint8_t { mapped, unneeded, differs };

struct OpendkimOption {
    std::string_view name;
    OptionType type = OptionType::text;
    OptionFate fate = OptionFate::mapped;
    std::string_view text{};  ///< Why it is not needed, or what differs.
};

/// All options of OpenDKIM 2.11, those of optional features too, in the order of the alphabet.
[[nodiscard]] std::span<const OpendkimOption> opendkim_options();
/// By name, whatever the case; null if there is none.
[[nodiscard]] const OpendkimOption* find_opendkim_option(std::string_view name);

}  // namespace bulla::importers
