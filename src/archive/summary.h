#pragma once
#include "base/error.h"

#include <string>
#include <string_view>
#include <vector>

namespace bulla::archive {

/// What lists say of a message; made from its header and envelope when it comes in. Text as people read it: UTF-8, encoded words decoded.
struct Summary {
    std::string subject{};
    std::string from{};
    std::vector<std::string> to{};
    std::vector<std::string> cc{};
    std::vector<std::string> recipients{};  ///< The envelope's, whatever the header says.
    std::string message_id{};               ///< Of RFC 5322, without angle brackets.
    std::string date{};                     ///< The Date field's body as it is.
    std::string role{};                 ///< Of the listener: submission, relay, inbound, filter.
    std::string login{};                ///< Who had logged in; empty: nobody.
    std::string sender{};               ///< The envelope's; empty: a notice.
    std::string direction{};            ///< "out": sent by our side; "in".
    std::vector<std::string> groups{};  ///< That archive it.
    std::string client_ip{}, client_name{}, helo{}, tls{};  ///< Who handed it over, and how.
};

/// The JSON that column `summary` seals. Texts longer than 1000 octets and lists longer than 200 are cut, broken UTF-8 is replaced.
[[nodiscard]] std::string write_summary(const Summary& summary);
/// Error: catalogue.bad.
[[nodiscard]] Result<Summary> parse_summary(std::string_view text);

}  // namespace bulla::archive
