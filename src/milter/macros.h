#pragma once
#include "base/error.h"

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bulla::milter {

/// What a mail server says of a connection and a message beside its commands: names such as "j" or "{auth_authen}" with values. Each command
/// has macros of its own; those of a later one hide those of an earlier one.
class Macros {
  public:
    /// Limits on one command's macros.
    static constexpr std::size_t max_count = 200;
    static constexpr std::size_t max_octets = 64U << 10U;

    /// Takes the packet of macros for the command that is its first octet; they replace what that command had. Commands without macros of
    /// interest are passed over. Errors: milter.bad_packet, milter.too_many_macros.
    [[nodiscard]] Result<void> take(std::string_view data);
    /// The value of `name`, "j" or "{auth_authen}", as the latest command has it; empty if none has.
    [[nodiscard]] std::string_view find(std::string_view name) const;
    /// Forgets those of a message, or of all.
    void end_message();
    void clear();

  private:
    // In the order of the commands.
    static constexpr std::string_view commands = "CHMRTNE";
    static constexpr std::size_t first_of_message = 2;

    std::array<std::vector<std::pair<std::string, std::string>>, commands.size()> values_;
};

}  // namespace bulla::milter
