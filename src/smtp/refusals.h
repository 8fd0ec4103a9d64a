#pragma once
#include "smtp/reply.h"

#include <array>
#include <cstdint>
#include <string_view>

namespace bulla::smtp {

/// What the protocol itself refuses about a message: a ServerSession at the end of its text, a ClientSession before it hands it over.
enum class Refusal : std::uint8_t {
    bare_newline,
    nul_octet,
    line_too_long,
    message_too_big,
    header_too_big,
    too_many_fields,
    mail_loop,
    no_memory,
    needs_8bitmime,
    needs_smtputf8,
    next_hop_limit,
};

/// One row of the table: the failure's name as errors have it, and its reply.
struct RefusalRow {
    Refusal refusal;
    std::string_view code;
    int reply;
    std::string_view enhanced;
    std::string_view text;
    std::string_view rfc;
};

/// The replies to what is refused about a message, in the order of Refusal. The gateway's table of failures holds these very rows.
/// RFC 5321 4.3.2 gives DATA 552 for size, 554 for a message that cannot be taken and 550 for what policy (here a setting) refuses.
inline constexpr auto refusals = std::to_array<RefusalRow>({
    {Refusal::bare_newline,
     "message.bare_newline",
     550,
     "5.6.0",
     "Message has a bare <CR> or <LF>; lines must end with <CR><LF>",
     "RFC 5321 2.3.8"},
    {Refusal::nul_octet, "message.nul", 554, "5.6.0", "Message has a NUL octet", "RFC 2045 2.8"},
    {Refusal::line_too_long,
     "message.line_too_long",
     550,
     "5.6.0",
     "Message has a line that is too long",
     "RFC 5322 2.1.1"},
    {Refusal::message_too_big,
     "message.too_large",
     552,
     "5.3.4",
     "Message too big",
     "RFC 1870 6.1"},
    {Refusal::header_too_big,
     "message.header_too_long",
     552,
     "5.3.4",
     "Message header too big",
     "RFC 3463 3.4"},
    {Refusal::too_many_fields,
     "message.too_many_fields",
     552,
     "5.3.4",
     "Too many header fields",
     "RFC 3463 3.4"},
    {Refusal::mail_loop, "message.loop", 554, "5.4.6", "Too many hops: mail loop", "RFC 5321 6.3"},
    {Refusal::no_memory,
     "memory.full",
     452,
     "4.3.1",
     "Not enough memory for this message now, try again later",
     "RFC 3463 3.4"},
    // RFC 3463 3.7 has X.6.3 for just this hop; its reply is 554, "Transaction failed" (RFC 5321 4.2.3), as the code's registration says.
    {Refusal::needs_8bitmime,
     "exit.needs_8bitmime",
     554,
     "5.6.3",
     "The message has 8-bit text, but the next hop does not offer 8BITMIME",
     "RFC 6152 3"},
    {Refusal::needs_smtputf8,
     "exit.needs_smtputf8",
     550,
     "5.6.7",
     "The message needs SMTPUTF8, which the next hop does not offer",
     "RFC 6531 3.5"},
    {Refusal::next_hop_limit,
     "exit.too_large",
     552,
     "5.3.4",
     "The message is greater than the next hop's limit",
     "RFC 1870 6.1"},
});

/// The row of `refusal`.
[[nodiscard]] constexpr const RefusalRow& row_of(Refusal refusal) {
    return refusals.at(static_cast<std::size_t>(refusal));
}

/// The reply of `refusal`.
[[nodiscard]] inline Reply make_reply(Refusal refusal) {
    const RefusalRow& row = row_of(refusal);
    return {
        .code = row.reply, .enhanced = std::string(row.enhanced), .text = std::string(row.text)};
}

}  // namespace bulla::smtp
