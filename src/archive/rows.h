#pragma once
#include "base/clock.h"
#include "names/message_id.h"
#include "seal/record.h"

#include <cstdint>
#include <string>
#include <vector>

namespace bulla::archive {

/// A message's row, its texts in clear.
struct MessageRow {
    MessageId id{};
    std::int64_t leaf = -1;  ///< Its number in the log; -1: none (not archived).
    bool archived = false;
    std::string role{};      ///< Of the listener.
    std::uint64_t size = 0;  ///< Octets of the message.
    seal::Address address{};
    std::string summary{};  ///< JSON: see summary.h.
    std::string trace{};    ///< JSON: the stages that it went through.
    std::vector<std::string>
        terms{};  ///< What lists find it by: terms_of() its summary (tokens.h).
};

/// A signature kept beside a message (ARC-01).
struct SignatureRow {
    MessageId message{};
    std::string signer{};
    std::string algorithm{};        ///< signature_algorithm() of its key.
    std::string key_fingerprint{};  ///< SHA-256 of the DER public key, 64 hexadecimal digits.
    std::string signature{};        ///< Octets.
    Time signed_at{};
};

/// Something that happened to a message after it was accepted.
struct EventRow {
    MessageId message{};
    std::int64_t sequence = 0;
    Time at{};
    std::string kind{};    ///< One word, such as "delivered".
    std::string detail{};  ///< Text or JSON in clear.
};

}  // namespace bulla::archive
