#pragma once
#include "names/ip.h"
#include "smtp/reply.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bulla::smtp {

/// What another mail server says of its own client by XFORWARD or XCLIENT (Postfix's XFORWARD_README and XCLIENT_README). An attribute that was
/// given as "[UNAVAILABLE]" or "[TEMPUNAVAIL]" is set and empty; one that was not given is nullopt.
struct Forwarded {
    std::optional<std::string> name;
    std::optional<std::optional<Ip>> address;
    std::optional<std::uint16_t> port;
    std::optional<std::string> protocol;
    std::optional<std::string> helo;
    std::optional<std::string> ident;   ///< XFORWARD only: the other server's queue id.
    std::optional<std::string> source;  ///< XFORWARD only: LOCAL or REMOTE.
    std::optional<std::string> login;   ///< XCLIENT only.
    std::optional<Ip> destination;      ///< XCLIENT only: DESTADDR.

    /// Takes over every attribute that `other` has.
    void merge(Forwarded other);
    /// True if the protocol word says that the client used TLS: ESMTPS, ESMTPSA and their UTF8 and LMTP forms (RFC 3848, RFC 6531 4.3).
    [[nodiscard]] bool with_tls() const;
};

/// The attributes of each command, as EHLO names them.
inline constexpr std::string_view xforward_attributes = "NAME ADDR PORT PROTO HELO IDENT SOURCE";
inline constexpr std::string_view xclient_attributes =
    "NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT REVERSE_NAME";

enum class ForwardCommand : std::uint8_t { xforward, xclient };

/// Reads the argument of XFORWARD or XCLIENT ("NAME=a.example ADDR=192.0.2.1"). Refusals: 501 (unknown attribute, bad value, nothing given).
[[nodiscard]] Answer<Forwarded> parse_forwarded(std::string_view argument, ForwardCommand command);

}  // namespace bulla::smtp
