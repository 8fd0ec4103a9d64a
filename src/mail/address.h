#pragma once
#include "base/error.h"
#include "mail/message.h"
#include "names/mailbox.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace bulla::mail {

/// One address of an address list (RFC 5322 3.4).
struct Address {
    std::string
        display_name;  ///< The phrase, unquoted, RFC 2047 words decoded to UTF-8; may be empty.
    Mailbox mailbox;
};

/// Limits on an address list; beyond them it is refused.
struct AddressLimits {
    std::size_t max_addresses = 2000;
    std::size_t max_comment_depth = 16;
};

/// Reads the value of From, To, Cc and their kin (RFC 5322 3.4 with the obsolete forms of 4.4: routes, comments and white space between
/// any two tokens, empty list elements; UTF-8 by RFC 6532). Members of groups are listed like the others; an empty group adds nothing.
/// `value` may be folded. Strict: one bad address fails the whole list, because it decides who may send.
/// Errors: address.bad, address.too_many.
[[nodiscard]] Result<std::vector<Address>> parse_address_list(std::string_view value,
                                                              const AddressLimits& limits = {});

/// The addresses of all fields named `name` of `message`, in order. Errors as parse_address_list.
[[nodiscard]] Result<std::vector<Address>> addresses(const Message& message,
                                                     std::string_view name,
                                                     const AddressLimits& limits = {});

/// Who wrote the message: the addresses of its only From field. Errors: address.no_from (none, or one without an address),
/// address.several_from (RFC 5322 3.6 allows one field), and those of parse_address_list.
[[nodiscard]] Result<std::vector<Address>> authors(const Message& message,
                                                   const AddressLimits& limits = {});

}  // namespace bulla::mail
