#pragma once
#include "crypto/digest.h"
#include "dkim/signature.h"
#include "dkim/types.h"
#include "mail/message.h"

#include <string>
#include <string_view>
#include <vector>

namespace bulla::dkim {

/// Equal but for the case of ASCII letters; most different names are told apart without a call.
[[nodiscard]] inline bool is_same_name(std::string_view a, std::string_view b) {
    return a.size() == b.size() && !a.empty() && ((a.front() ^ b.front()) & 0xDF) == 0 &&
           mail::equal_ignoring_case(a, b);
}

/// The header fields of a message, from the top down, for picking the signed ones. Views into the message, which must outlive it.
class FieldList {
  public:
    explicit FieldList(const mail::Message& message);
    /// The same with `added` (whole header fields) on top of it, as the message will leave.
    FieldList(const mail::Message& added, const mail::Message& message);

    struct Field {
        std::string_view name;
        std::string_view whole;
    };

    [[nodiscard]] const std::vector<Field>& fields() const { return fields_; }

    /// Appends the canonical forms of the fields that `names` (h=) picks: for each name the lowest one not picked before, nothing if
    /// there is none left (RFC 6376 5.4.2).
    void append_picked(std::string& out,
                       Canon canon,
                       const std::vector<std::string_view>& names) const;

  private:
    void add(const mail::Message& message);

    std::vector<Field> fields_;
};

/// The digest that b= signs (RFC 6376 3.7): the picked fields and the signature's own `field` with an empty b=, without its last CRLF.
[[nodiscard]] crypto::Sha256 digest_header(const FieldList& fields,
                                           const Signature& signature,
                                           std::string_view field);

}  // namespace bulla::dkim
