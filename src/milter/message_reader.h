#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace bulla::milter {

/// Why a message is refused when it has ended.
enum class Flaw {
    bad_field,  ///< A field's name is none, or its value holds a line that would be another field.
    bare_newline,     ///< A CR or LF on its own in the body.
    nul_octet,        ///< A NUL in the body.
    line_too_long,    ///< A line of the body or header.
    too_big,          ///< The message.
    header_too_big,   ///< The header.
    too_many_fields,  ///< The header.
    no_memory,        ///< refuse() was called.
};

/// Limits on a message.
struct MessageLimits {
    std::size_t bytes = 50U << 20U;
    std::size_t header_bytes = 1U << 20U;
    std::size_t fields = 1000;
    std::size_t line_bytes = 9998;  ///< Without its CRLF.
};

/// Puts a message together from what a mail server says of it: fields, whose lines end with LF, then the body, whose lines end with CRLF. The
/// bytes are those that the mail server will send, CRLF line ends throughout. Once a flaw is found nothing more is kept.
class MessageReader {
  public:
    /// `leading_space`: values come with the white space after the colon; without it one space is put there, as the mail server does.
    MessageReader(const MessageLimits& limits, bool leading_space)
        : limits_(limits), leading_space_(leading_space) {}

    /// At most one packet is held beyond the limits until it is found too much.
    void add_field(std::string_view name, std::string_view value);
    void end_header();
    /// In pieces as they come: a CRLF may lie across two.
    void add_body(std::string_view piece);
    void end();
    void refuse(Flaw flaw);

    [[nodiscard]] const std::optional<Flaw>& flaw() const { return flaw_; }

    [[nodiscard]] std::size_t octets() const { return bytes_.capacity(); }

    [[nodiscard]] std::string take() { return std::move(bytes_); }

  private:
    [[nodiscard]] bool append_value(std::string_view value);
    void look_at_body(std::string_view piece);

    MessageLimits limits_;
    bool leading_space_;
    std::string bytes_;
    std::size_t fields_ = 0;
    std::size_t line_ = 0;  ///< Octets of the line of the body that has not ended.
    bool after_cr_ = false;
    bool in_body_ = false;
    std::optional<Flaw> flaw_;
};

}  // namespace bulla::milter
