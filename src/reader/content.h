#pragma once
#include "base/error.h"
#include "mail/message.h"
#include "mail/mime.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bulla::reader {

/// A header field for people.
struct Field {
    std::string name;
    std::string value;  ///< Unfolded, encoded words decoded (RFC 2047), valid UTF-8.
    std::string raw;    ///< As it stands, valid UTF-8.
};

/// A part of the message, as lists of attachments show it.
struct Part {
    std::string
        number;  ///< Its way through the tree: "2.1" is the first child of the root's second; "1" if the root has no children.
    std::string type;  ///< "type/subtype" in lower case.
    std::string
        name;  ///< File name, valid UTF-8 without path and control characters; may be empty.
    std::string disposition;  ///< "inline", "attachment" or "multipart".
    std::size_t size = 0;     ///< Octets, decoded; 0 for multiparts.
    std::size_t index = 0;    ///< In MimeTree::parts.
};

/// What a reader would see of a message.
struct Content {
    std::vector<Field> fields;
    std::vector<Part> parts;
    mail::MimeTree tree;
    std::optional<std::size_t> text;  ///< Index of the text/plain part that stands for the message.
    std::optional<std::size_t> html;  ///< Index of the text/html part that stands for the message.
};

/// Reads `message`. Texts longer than `max_text` octets are cut. Errors: those of mail::parse_mime.
[[nodiscard]] Result<Content> read_content(const mail::Message& message);

/// A text part as valid UTF-8, at most `max` octets.
[[nodiscard]] std::string read_text(const mail::Message& message,
                                    const mail::MimePart& part,
                                    std::size_t max);

/// The part of that number; null if there is none.
[[nodiscard]] const Part* find_part(const Content& content, std::string_view number);

}  // namespace bulla::reader
