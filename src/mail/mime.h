#pragma once
#include "base/error.h"
#include "mail/message.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bulla::mail {

/// A structured value with parameters: Content-Type, Content-Disposition (RFC 2045 5.1, RFC 2183).
struct ParameterizedValue {
    std::string value;  ///< What stands before the first ";", in lower case.
    std::vector<std::pair<std::string, std::string>>
        parameters;  ///< Names in lower case; values as UTF-8, RFC 2231 decoded.

    /// The value of parameter `name` (lower case); empty if there is none.
    [[nodiscard]] std::string_view parameter(std::string_view name) const;
};

/// Reads such a value; comments are dropped, what is malformed is left out. At most 64 parameters are kept. Never fails.
[[nodiscard]] ParameterizedValue parse_parameterized(std::string_view value);

/// One entity of the tree (RFC 2045 2.4). Offsets point into the whole message.
struct MimePart {
    static constexpr std::size_t no_parent = static_cast<std::size_t>(-1);

    std::size_t begin = 0;       ///< Where its header begins.
    std::size_t header_end = 0;  ///< Behind its last header field.
    std::size_t body_begin = 0;
    std::size_t end = 0;             ///< Behind its body, before the CRLF of a delimiter.
    std::size_t parent = no_parent;  ///< Index in MimeTree::parts.
    std::size_t depth = 0;
    std::string type =
        "text/plain";  ///< "type/subtype" in lower case; the default of RFC 2045 5.2 if missing or malformed.
    std::string charset;
    std::string encoding = "7bit";  ///< Content-Transfer-Encoding in lower case.
    std::string disposition;        ///< "inline", "attachment" or another word; empty if missing.
    std::string filename;  ///< UTF-8, by Content-Disposition or Content-Type; empty if missing.
    std::string boundary;  ///< Of a multipart.

    [[nodiscard]] bool is_multipart() const { return type.starts_with("multipart/"); }

    /// An embedded message (RFC 2046 5.2.1) that is not encoded: its only child is that message.
    [[nodiscard]] bool is_message() const;
};

struct MimeLimits {
    std::size_t max_parts = 1000;
    std::size_t max_depth = 32;
    MessageLimits header;
};

/// The entities of a message, the root first, then depth by depth; every parent stands before its children, children are in order.
struct MimeTree {
    std::vector<MimePart> parts;

    /// The indexes of the children of part `parent`, in order.
    [[nodiscard]] std::vector<std::size_t> children(std::size_t parent) const;
};

/// Finds the entities of `message` (RFC 2046 5.1). A multipart without its closing delimiter ends with its parent; a multipart without a
/// boundary or without any delimiter has no children. Errors: mime.too_many_parts, mime.too_deep, and those of Message::parse for a part.
[[nodiscard]] Result<MimeTree> parse_mime(const Message& message, const MimeLimits& limits = {});

/// The body of `part` with its transfer encoding undone; as it is if the encoding is unknown.
[[nodiscard]] std::string decoded_body(const Message& message, const MimePart& part);

}  // namespace bulla::mail
