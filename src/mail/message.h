#pragma once
#include "base/error.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace bulla::mail {

/// One header field as offsets into the message: [begin, end) with its CRLF, the colon at `colon`.
struct FieldSpan {
    std::uint32_t begin;
    std::uint32_t colon;
    std::uint32_t end;
};

/// Limits on what is parsed; beyond them parsing is refused, never cut.
struct MessageLimits {
    std::size_t max_header_bytes = 1 << 20;
    std::size_t max_fields = 1000;
};

/// A message (RFC 5322): one immutable run of bytes with CRLF line ends, and where its header fields lie. Nothing is ever re-serialised.
/// Copies share the bytes. May be read from any thread.
class Message {
  public:
    Message() = default;
    /// Takes the bytes and finds the fields. A line that is no field ends the header (the body then starts there), as receivers do.
    /// Errors: message.header_too_long, message.too_many_fields.
    [[nodiscard]] static Result<Message> parse(std::string bytes, const MessageLimits& limits = {});
    [[nodiscard]] static Result<Message> parse(std::shared_ptr<const std::string> bytes,
                                               const MessageLimits& limits = {});

    [[nodiscard]] std::string_view bytes() const {
        return bytes_ ? std::string_view(*bytes_) : std::string_view{};
    }

    [[nodiscard]] const std::shared_ptr<const std::string>& shared() const { return bytes_; }

    [[nodiscard]] const std::vector<FieldSpan>& fields() const { return fields_; }

    /// The whole field with its CRLF.
    [[nodiscard]] std::string_view field(const FieldSpan& span) const {
        return bytes().substr(span.begin, span.end - span.begin);
    }

    /// The name as written, without white space before the colon.
    [[nodiscard]] std::string_view name(const FieldSpan& span) const;
    /// What stands after the colon, without the last CRLF; still folded.
    [[nodiscard]] std::string_view value(const FieldSpan& span) const;

    /// All header fields with their CRLFs, without the empty line.
    [[nodiscard]] std::string_view header() const { return bytes().substr(0, header_end_); }

    /// What follows the empty line; empty if there is none.
    [[nodiscard]] std::string_view body() const { return bytes().substr(body_begin_); }

    /// The value of the first field named `name` (any letter case), unfolded and trimmed; empty if there is none.
    [[nodiscard]] std::string first(std::string_view name) const;
    /// The number of fields named `name`.
    [[nodiscard]] std::size_t count(std::string_view name) const;

  private:
    std::shared_ptr<const std::string> bytes_;
    std::vector<FieldSpan> fields_;
    std::size_t header_end_ = 0;
    std::size_t body_begin_ = 0;
};

/// Unfolds a field value (RFC 5322 2.2.3) and trims white space at both ends.
[[nodiscard]] std::string unfold(std::string_view value);
/// Equal but for the case of ASCII letters.
[[nodiscard]] bool equal_ignoring_case(std::string_view a, std::string_view b);

}  // namespace bulla::mail
