#pragma once
#include "base/secret.h"
#include "smtp/reply.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bulla::smtp {

/// What a client gave to prove who it is.
struct Credentials {
    std::string login;
    SecretBytes password;
};

/// The SASL exchange of PLAIN (RFC 4616) and LOGIN under AUTH (RFC 4954). Not thread-safe.
class AuthExchange {
  public:
    /// What a step came to: credentials, or a challenge to send (334) and a further line to read.
    struct Step {
        std::optional<Credentials> credentials;
        Reply challenge;
    };

    /// Begins with the argument of AUTH ("PLAIN", "PLAIN <base64>", "LOGIN", "LOGIN <base64>"). Refusals: 501, 504, 535.
    [[nodiscard]] Answer<Step> start(std::string_view argument);
    /// Goes on with a line of the client. Refusals: 501 (also for "*"), 535.
    [[nodiscard]] Answer<Step> step(std::string_view line);

  private:
    enum class Wants : std::uint8_t { plain, login_name, login_password };

    [[nodiscard]] Answer<Step> take(SecretBytes text);

    Wants wants_ = Wants::plain;
    std::string login_;
};

/// The initial response of AUTH PLAIN for `credentials`, in base64, for a client to send.
[[nodiscard]] SecretBytes write_auth_plain(const Credentials& credentials);

}  // namespace bulla::smtp
