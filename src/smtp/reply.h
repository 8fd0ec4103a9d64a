#pragma once
#include <expected>
#include <string>
#include <string_view>

namespace bulla::smtp {

/// An SMTP reply (RFC 5321 4.2): the code, the enhanced status code of RFC 2034 such as "5.7.1" (empty: none), and text for people in which
/// '\n' separates lines.
struct Reply {
    int code = 0;
    std::string enhanced;
    std::string text;

    [[nodiscard]] bool is_positive() const { return code >= 200 && code < 400; }

    [[nodiscard]] bool is_temporary() const { return code >= 400 && code < 500; }

    [[nodiscard]] bool is_permanent() const { return code >= 500; }

    bool operator==(const Reply&) const = default;
};

/// A value, or the reply that refuses what was asked.
template <class T>
using Answer = std::expected<T, Reply>;

/// Appends `reply` to `out` in wire form: one line for each '\n'-separated line of the text, all with the code and the enhanced code, long ones
/// broken so that no line exceeds 512 octets (RFC 5321 4.5.3.1.5). Control characters become '?', so that text from a stranger forges no reply.
void write_reply(std::string& out, const Reply& reply);

/// The reply on one line for a log or a record: "550 5.1.1 No such mailbox"; control characters become '?', line ends become spaces.
[[nodiscard]] std::string to_string(const Reply& reply);

/// The enhanced status code (RFC 3463 2) at the start of `text`, such as "5.7.1" of "5.7.1 Denied"; empty if there is none.
[[nodiscard]] std::string_view find_enhanced_code(std::string_view text);

}  // namespace bulla::smtp
