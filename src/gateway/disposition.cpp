#include "gateway/disposition.h"

#include <algorithm>
#include <array>

namespace bulla::gateway {

namespace {

struct Row {
    std::string_view code;  ///< An error code, or a prefix that ends in a dot.
    Disposition disposition;
};

// One row a failure; the first that matches counts. Sorted by stage: what the sender gave, who they are, what we can do, the next hop.
constexpr std::array rows = std::to_array<Row>({
    // The message itself.
    {"message.bare_newline", {550, "5.6.0", false, "RFC 5321 2.3.8"}},
    {"message.header_too_long", {552, "5.3.4", false, "RFC 3463 3.4"}},
    {"message.too_many_fields", {550, "5.6.0", false, "RFC 3463 3.7"}},
    {"message.line_too_long", {550, "5.6.0", false, "RFC 5322 2.1.1"}},
    {"message.too_large", {552, "5.3.4", false, "RFC 1870 6.1"}},
    {"address.", {550, "5.6.0", false, "RFC 5322 3.6.2"}},
    {"message.loop", {554, "5.4.6", false, "RFC 5321 6.3"}},
    {"mime.", {550, "5.6.0", false, "RFC 2045 5"}},
    {"message.", {550, "5.6.0", false, "RFC 3463 3.7"}},
    // Who sends.
    {"sender.auth_required", {530, "5.7.0", false, "RFC 4954 6"}},
    {"sender.not_owned", {550, "5.7.1", false, "RFC 6409 6.1"}},
    {"sender.account_disabled", {535, "5.7.8", false, "RFC 4954 6"}},
    {"sender.relay_denied", {550, "5.7.1", false, "RFC 5321 7.9"}},
    // Whom to.
    {"recipient.relay_denied", {550, "5.7.1", false, "RFC 5321 7.9"}},
    {"recipient.no_route", {550, "5.1.2", false, "RFC 3463 3.2"}},
    {"recipient.unknown", {550, "5.1.1", false, "RFC 3463 3.2"}},
    // Our signing.
    {"dkim.self_check_failed", {451, "4.7.0", true, "RFC 6376 5.6"}},
    {"dkim.key_missing", {451, "4.7.5", true, "RFC 6376 5.2"}},
    {"dkim.", {451, "4.7.0", true, "RFC 6376 5.2"}},
    {"signer.", {451, "4.7.0", true, "RFC 3463 3.8"}},
    {"key.", {451, "4.7.0", true, "RFC 3463 3.8"}},
    // Our storage.
    {"seal.full", {452, "4.3.1", true, "RFC 3463 3.4"}},
    {"store.full", {452, "4.3.1", true, "RFC 3463 3.4"}},
    {"seal.", {451, "4.3.0", true, "RFC 5321 4.2.3"}},
    {"store.", {451, "4.3.0", true, "RFC 5321 4.2.3"}},
    {"pack.", {451, "4.3.0", true, "RFC 5321 4.2.3"}},
    {"memory.full", {452, "4.3.1", true, "RFC 3463 3.4"}},
    {"entry.", {451, "4.3.0", true, "RFC 5321 4.2.3"}},
    {"tlog.", {451, "4.3.0", true, "RFC 5321 4.2.3"}},
    {"base64.", {451, "4.3.0", true, "RFC 5321 4.2.3"}},
    {"build.", {451, "4.3.0", true, "RFC 5321 4.2.3"}},
    // The next hop, from a delivery; TLS and PROXY of a door end the connection before a reply.
    {"exit.needs_8bitmime", {554, "5.6.3", false, "RFC 6152 3"}},
    {"exit.needs_smtputf8", {553, "5.6.7", false, "RFC 6531 3.5"}},
    {"exit.rejected", {550, "5.0.0", false, "RFC 5321 4.2.1"}},
    {"exit.too_large", {552, "5.3.4", false, "RFC 1870 6.1"}},
    {"exit.tls_required", {451, "4.7.4", true, "RFC 3207 4"}},
    {"exit.bad_recipient", {550, "5.1.3", false, "RFC 3463 3.2"}},
    {"exit.", {451, "4.4.2", true, "RFC 5321 4.5.4.1"}},
    {"tls.", {451, "4.7.5", true, "RFC 3207 4"}},
    {"smtp.", {451, "4.5.0", true, "RFC 5321 4.2"}},
    {"net.", {451, "4.4.1", true, "RFC 5321 4.5.4.1"}},
    {"queue.expired", {550, "4.4.7", false, "RFC 3463 3.5"}},
    {"queue.", {451, "4.3.0", true, "RFC 5321 4.5.4.1"}},
});

constexpr Disposition unknown{451, "4.3.0", true, "RFC 5321 4.2.3"};

auto find_row(std::string_view code) {
    return std::ranges::find_if(rows, [&](const Row& row) {
        return row.code.ends_with('.') ? code.starts_with(row.code) : code == row.code;
    });
}

}  // namespace

bool has_row(std::string_view code) {
    return find_row(code) != rows.end();
}

Disposition decide_disposition(const Error& error) {
    const auto* const row = find_row(error.code);
    return row != rows.end() ? row->disposition : unknown;
}

Reply make_reply(const Error& error) {
    const auto disposition = decide_disposition(error);
    // A fault of ours is told in general words: the details are for the log, not for whoever connects.
    const bool tell = error.fault != Fault::us;
    return {.code = disposition.code,
            .enhanced = std::string(disposition.enhanced),
            .text = tell ? error.text
                         : std::string(disposition.code == 452
                                           ? "Insufficient system storage, try again later"
                                           : "Local error in processing, try again later")};
}

}  // namespace bulla::gateway
