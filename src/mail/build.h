#pragma once
#include "base/clock.h"
#include "base/error.h"
#include "base/random.h"
#include "names/mailbox.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace bulla::mail {

/// One header field "Name: value" with its CRLF, folded at white space so that lines have at most 78 characters where the value allows
/// (RFC 5322 2.1.1). `value` is written as it is: encode it first (encode_words). Never lets a second field in.
/// Errors: build.bad_name; build.bad_value (CR, LF, NUL or another control character in the value, or a line above 998 octets).
[[nodiscard]] Result<std::string> make_field(std::string_view name, std::string_view value);

/// A field of free text (Subject, Comments): UTF-8 that is encoded by RFC 2047 where it needs to be. Line ends in it become spaces.
[[nodiscard]] Result<std::string> make_text_field(std::string_view name, std::string_view utf8);

/// "Display Name <mailbox>" as an address for make_field: the name quoted or encoded where it must be.
[[nodiscard]] std::string make_address(std::string_view display_name, const Mailbox& mailbox);

/// A Message-ID value "<random@domain>" (RFC 5322 3.6.4).
[[nodiscard]] std::string make_message_id(Random& random, std::string_view domain);

/// A boundary (RFC 2046 5.1.1) of 128 random bits that no line of quoted-printable or base64 can begin with.
[[nodiscard]] std::string make_boundary(Random& random);

/// What a small message says.
struct TextMessage {
    std::string from;             ///< As make_address gives it.
    std::vector<std::string> to;  ///< As make_address gives it.
    std::string subject;          ///< UTF-8.
    Time date;
    std::string message_id;         ///< With its angle brackets.
    std::vector<std::string> more;  ///< Whole fields as make_field gives them.
    std::string text;               ///< UTF-8 with LF or CRLF line ends.
};

/// A text/plain message with CRLF line ends, 7-bit: quoted-printable where the text needs it. Errors as make_field.
[[nodiscard]] Result<std::string> make_text_message(const TextMessage& content);

/// `text` with every line end (CRLF, or CR or LF alone) as CRLF.
[[nodiscard]] std::string with_crlf(std::string_view text);

}  // namespace bulla::mail
