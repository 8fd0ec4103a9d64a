#pragma once
#include "dkim/verify.h"

#include <span>
#include <string>
#include <string_view>

namespace bulla::qmail {

/// The Authentication-Results field (RFC 8601 2.2) of `results`, LF line ends, by `authserv_id`. Only what RFC 8601 lets stand in a value goes in.
[[nodiscard]] std::string write_authentication_results(
    std::string_view authserv_id, std::span<const dkim::SignatureResult> results);

/// `message` (LF line ends) without the Authentication-Results fields that claim to be of `authserv_id` (RFC 8601 5).
[[nodiscard]] std::string remove_forged(std::string_view message, std::string_view authserv_id);

/// What all signatures say together: pass if one passes, temperror if one might, none without any, else fail.
[[nodiscard]] Verdict summarize(std::span<const dkim::SignatureResult> results);

}  // namespace bulla::qmail
