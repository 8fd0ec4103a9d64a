#include "gateway/disposition.h"

#include "smtp/refusals.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>

namespace bulla::gateway {

namespace {

struct Row {
    std::string_view code;  ///< An error code, or a prefix that ends in a dot.
    Disposition disposition;
};

// One row a failure; the first that matches counts. Sorted by stage: what the sender gave, who they are, what we can do, the next hop. Before
// them stand the rows of smtp/refusals.h: what a session refuses about a message itself, or a next hop cannot take.
constexpr std::array rows = std::to_array<Row>({
    // The message itself.
    {"address.", {550, "5.6.0", false, "RFC 5322 3.6.2"}},
    {"milter.bad_field", {550, "5.6.0", false, "RFC 5322 2.2"}},
    {"milter.too_many_recipients", {452, "4.5.3", true, "RFC 5321 4.5.3.1.10"}},
    // Who sends.
    {"sender.auth_required", {530, "5.7.0", false, "RFC 4954 6"}},
    {"sender.not_owned", {550, "5.7.1", false, "RFC 6409 6.1"}},
    {"sender.account_disabled", {535, "5.7.8", false, "RFC 4954 6"}},
    {"sender.unknown_login", {550, "5.7.1", false, "RFC 6409 6.1"}},
    {"sender.relay_denied", {550, "5.7.1", false, "RFC 5321 7.9"}},
    // Whom to.
    {"recipient.relay_denied", {550, "5.7.1", false, "RFC 5321 7.9"}},
    {"recipient.no_route", {550, "5.1.2", false, "RFC 3463 3.2"}},
    {"recipient.unknown", {550, "5.1.1", false, "RFC 3463 3.2"}},
    // Our signing.
    {"dkim.key_missing", {451, "4.7.5", true, "RFC 6376 5.2"}},
    {"dkim.record_wrong", {451, "4.7.5", true, "RFC 6376 3.6.2"}},
    {"pkcs11.", {451, "4.7.5", true, "RFC 6376 5.2"}},
    {"dkim.", {451, "4.7.0", true, "RFC 6376 5.6"}},
    {"signer.", {451, "4.7.0", true, "RFC 3463 3.8"}},
    {"key.", {451, "4.7.0", true, "RFC 3463 3.8"}},
    // Our storage.
    {"seal.full", {452, "4.3.1", true, "RFC 3463 3.4"}},
    {"store.full", {452, "4.3.1", true, "RFC 3463 3.4"}},
    // The next hop, from a delivery.
    {"exit.full", {452, "4.3.1", true, "RFC 3463 3.4"}},
    {"exit.tls_required", {451, "4.7.4", true, "RFC 3207 4"}},
    {"exit.no_route_left", {451, "4.3.5", true, "RFC 3463 3.4"}},
    {"exit.bad_recipient", {550, "5.1.3", false, "RFC 3463 3.2"}},
    {"exit.", {451, "4.4.2", true, "RFC 5321 4.5.4.1"}},
    {"net.", {451, "4.4.1", true, "RFC 5321 4.5.4.1"}},
    {"queue.", {451, "4.3.0", true, "RFC 5321 4.5.4.1"}},
});

// Whatever else goes wrong is ours: the sender, or the queue, tries again.
constexpr Disposition ours{451, "4.3.0", true, "RFC 5321 4.2.3"};

std::optional<Disposition> find_row(std::string_view code) {
    if (const auto* const refused =
            std::ranges::find(smtp::refusals, code, &smtp::RefusalRow::code);
        refused != smtp::refusals.end()) {
        return Disposition{refused->reply, refused->enhanced, refused->reply < 500, refused->rfc};
    }
    const auto* const row = std::ranges::find_if(rows, [&](const Row& one) {
        return one.code.ends_with('.') ? code.starts_with(one.code) : code == one.code;
    });
    return row != rows.end() ? std::optional(row->disposition) : std::nullopt;
}

}  // namespace

bool has_row(std::string_view code) {
    return find_row(code).has_value();
}

std::vector<std::string_view> row_codes() {
    std::vector<std::string_view> codes;
    std::ranges::transform(smtp::refusals, std::back_inserter(codes), &smtp::RefusalRow::code);
    std::ranges::transform(rows, std::back_inserter(codes), &Row::code);
    return codes;
}

Disposition decide_disposition(const Error& error) {
    return find_row(error.code).value_or(ours);
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
