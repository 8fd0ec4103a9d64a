#include "archive/catalogue.h"
#include "archive/summary.h"
#include "crypto/digest.h"
#include "gateway/stages.h"
#include "mail/address.h"
#include "mail/encoded_word.h"
#include "queue/queue.h"
#include "seal/entry.h"

#include <fmt/format.h>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

namespace bulla::gateway {

namespace {

/// All rows of one message; the rider shares it, since a transaction may be tried again.
struct Rows {
    archive::SealedMessage message;
    std::vector<archive::SignatureRow> signatures;
    /// Index in Batch::records of the record that the message's row names; none of what was handed back and is not archived.
    std::optional<std::size_t> record;
    std::size_t leaf = 0;  ///< Index in Batch::leaves; counts when archived.
};

std::vector<std::string> texts_of(const Result<std::vector<mail::Address>>& addresses) {
    std::vector<std::string> texts;
    if (addresses) {
        for (const auto& address : *addresses) {
            texts.push_back(address.mailbox.text());
        }
    }
    return texts;
}

/// The groups that archive it: what decide said.
std::vector<std::string> groups_of(const Transit& transit) {
    std::vector<std::string> groups;
    for (const auto& step : transit.trace) {
        for (const auto& [name, value] : step.facts) {
            if (step.stage == "decide" && name == "group") {
                groups.push_back(value);
            }
        }
    }
    return groups;
}

archive::Summary make_summary(const Transit& transit) {
    const auto& message = transit.message;
    archive::Summary summary{
        .subject = mail::decode_encoded_words(message.first("Subject")),
        .from = transit.from.empty() ? message.first("From") : transit.from.front().text(),
        .to = texts_of(mail::addresses(message, "To")),
        .cc = texts_of(mail::addresses(message, "Cc")),
        .recipients = {},
        .message_id = message.first("Message-ID"),
        .date = message.first("Date"),
        .role = std::string(mail::to_string(transit.envelope.role)),
        .login = transit.envelope.login.value_or(""),
        .sender = transit.envelope.from ? transit.envelope.from->text() : std::string(),
        .direction = transit.outbound ? "out" : "in",
        .groups = groups_of(transit),
        .client_ip = transit.envelope.client.text(),
        .client_name = transit.envelope.client_name,
        .helo = transit.envelope.helo,
        .tls = transit.envelope.tls_summary};
    for (const auto& recipient : transit.envelope.recipients) {
        summary.recipients.push_back(recipient.mailbox.text());
    }
    return summary;
}

std::string make_trace(const Transit& transit) {
    auto stages = nlohmann::json::array();
    for (const auto& step : transit.trace) {
        auto facts = nlohmann::json::array();
        for (const auto& [name, value] : step.facts) {
            facts.push_back({name, value});
        }
        stages.push_back(
            {{"stage", step.stage}, {"at", to_micros(step.at)}, {"facts", std::move(facts)}});
    }
    const nlohmann::json trace{
        {"begun", to_micros(transit.begun)},
        {"revision", transit.snapshot->revision},
        {"added", transit.copies.empty() ? std::string{} : transit.copies.front().prefix},
        {"stages", std::move(stages)}};
    return trace.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// ARC-01: the signature is over the stored octets. Their SHA-256 serves all signers that begin with it.
Result<std::string> sign_message(const crypto::Signer& signer,
                                 std::string_view message,
                                 const crypto::Sha256& digest) {
    const auto type = signer.public_key().type();
    const bool by_digest = type == crypto::KeyType::rsa || type == crypto::KeyType::dsa ||
                           type == crypto::KeyType::p256;
    return by_digest ? signer.sign_digest(crypto::view(digest)) : signer.sign_message(message);
}

Result<std::vector<archive::SignatureRow>> make_signatures(const Transit& transit,
                                                           const crypto::Sha256& digest,
                                                           Time now) {
    std::vector<archive::SignatureRow> rows;
    for (const auto* signer : transit.signers) {
        BULLA_TRY(signature, sign_message(*signer->signer, transit.message.bytes(), digest));
        rows.push_back({.message = transit.id,
                        .signer = signer->id,
                        .algorithm = signer->algorithm,
                        .key_fingerprint = signer->signer->public_key().fingerprint(),
                        .signature = std::move(signature),
                        .signed_at = now});
    }
    return rows;
}

std::string make_leaf(const Transit& transit,
                      const Rows& rows,
                      const seal::PreparedRecord& record,
                      const crypto::Sha256& digest,
                      Time now) {
    seal::MessageEntry entry{.id = transit.id,
                             .time = now,
                             .size = transit.message.bytes().size(),
                             .commitment = seal::make_commitment_of_digest(
                                 seal::commitment_salt(record.key), crypto::view(digest)),
                             .signers = {}};
    for (const auto& row : rows.signatures) {
        entry.signers.push_back(row.signer + " " + row.key_fingerprint);
    }
    return seal::write_entry(entry);
}

seal::Rider make_rider(std::shared_ptr<const Rows> rows) {
    return
        [rows = std::move(rows)](store::Tx& tx, const seal::Committed& committed) -> Result<void> {
            const auto leaf = rows->message.row.archived
                                  ? static_cast<std::int64_t>(committed.leaf_indexes[rows->leaf])
                                  : -1;
            BULLA_CHECK(archive::insert_message(
                tx,
                rows->message,
                rows->record ? committed.addresses[*rows->record] : seal::Address{},
                leaf));
            for (const auto& signature : rows->signatures) {
                BULLA_CHECK(archive::insert_signature(tx, signature));
            }
            return {};
        };
}

std::string destination_of(const config::Route& route) {
    return route.exit == config::RouteExit::smtp ? fmt::format("{}:{}", route.host, route.port)
                                                 : route.name;
}

// The recipients of a copy that share a route go in one delivery.
Result<void> add_deliveries(const Transit& transit,
                            const Copy& copy,
                            const queue::NewDelivery& pattern,
                            std::vector<queue::NewDelivery>& deliveries) {
    std::map<const config::Route*, std::vector<mail::Recipient>> by_route;
    for (const auto& recipient : copy.recipients) {
        const auto* route = transit.snapshot->find_route(recipient.mailbox.domain());
        if (route == nullptr) {
            return fail("recipient.no_route",
                        Fault::sender,
                        fmt::format("<{}>: no route to this domain", recipient.mailbox.text()));
        }
        by_route[route].push_back(recipient);
    }
    for (auto& [route, recipients] : by_route) {
        auto delivery = pattern;
        delivery.route = route->name;
        delivery.destination = destination_of(*route);
        delivery.recipients = std::move(recipients);
        deliveries.push_back(std::move(delivery));
    }
    return {};
}

/// What is added to a batch, gathered apart so that a failure leaves the batch as it was.
struct Addition {
    std::vector<seal::PreparedRecord> records;
    std::vector<std::string> leaves;
    std::vector<queue::NewDelivery> deliveries;
};

Result<void> add_records(const FlowContext& context,
                         const Transit& transit,
                         const seal::Batch& batch,
                         Rows& rows,
                         Addition& addition) {
    if (transit.archived) {
        const auto digest = crypto::sha256(transit.message.bytes());
        const auto now = context.clock.now();
        BULLA_TRY(signatures, make_signatures(transit, digest, now));
        rows.signatures = std::move(signatures);
        BULLA_TRY(received,
                  context.sealer.prepare(
                      transit.id, seal::RecordKind::received, transit.message.bytes()));
        addition.leaves.push_back(make_leaf(transit, rows, received, digest, now));
        addition.records.push_back(std::move(received));
    }
    for (const auto& copy : transit.copies) {
        if (transit.handed_back) {
            break;
        }
        const bool own = !transit.archived || copy.converted;
        if (own) {
            BULLA_TRY(
                record,
                context.sealer.prepare(transit.id, seal::RecordKind::copy, copy.message.bytes()));
            addition.records.push_back(std::move(record));
        }
        const queue::NewDelivery pattern{
            .message = transit.id,
            .route = {},
            .destination = {},
            .from = transit.envelope.from,
            .recipients = {},
            .ret = transit.envelope.ret,
            .envid = transit.envelope.envid,
            .prefix = copy.prefix,
            .record = batch.records.size() + (own ? addition.records.size() - 1 : 0),
            .kind = own ? seal::RecordKind::copy : seal::RecordKind::received,
            .own_record = own,
            .eight_bit = copy.eight_bit,
            .smtputf8 = copy.smtputf8,
            .bytes = copy.message.shared()};
        BULLA_CHECK(add_deliveries(transit, copy, pattern, addition.deliveries));
    }
    return {};
}

// GW-06: "every key use": those of DKIM and of the archive's signers; the log's own key stands on each checkpoint.
void note_key_uses(const Transit& transit,
                   const std::vector<archive::SignatureRow>& signatures,
                   seal::Batch& batch) {
    batch.uses.insert(batch.uses.end(), transit.key_uses.begin(), transit.key_uses.end());
    for (const auto& signature : signatures) {
        batch.uses.push_back({.purpose = "archive", .fingerprint = signature.key_fingerprint});
    }
}

}  // namespace

Result<StartDeliveries> prepare_seal(const FlowContext& context,
                                     Transit& transit,
                                     seal::Batch& batch) {
    auto rows = std::make_shared<Rows>();
    rows->leaf = batch.leaves.size();
    Addition addition;
    BULLA_CHECK(add_records(context, transit, batch, *rows, addition));
    if (!addition.records.empty()) {
        rows->record = batch.records.size();
    }
    transit.trace.push_back(
        {.stage = "seal",
         .at = context.clock.now(),
         .facts = {{"archived", transit.archived ? "yes" : "no"},
                   {"deliveries", std::to_string(addition.deliveries.size())}}});
    const auto summary = make_summary(transit);
    rows->message = archive::seal_message(
        context.vault,
        {.id = transit.id,
         .archived = transit.archived,
         .role = std::string(mail::to_string(transit.envelope.role)),
         .size = transit.message.bytes().size(),
         .summary = archive::write_summary(summary),
         .trace = make_trace(transit),
         .terms = transit.archived ? archive::terms_of(summary) : std::vector<std::string>()});
    std::ranges::move(addition.records, std::back_inserter(batch.records));
    std::ranges::move(addition.leaves, std::back_inserter(batch.leaves));
    note_key_uses(transit, rows->signatures, batch);
    batch.riders.push_back(make_rider(std::move(rows)));
    auto ticket = context.queue.attach(batch, std::move(addition.deliveries));
    return [&queue = context.queue, ticket = std::move(ticket)](const seal::Committed& committed,
                                                                bool wanted) mutable {
        if (wanted) {
            queue.start(std::move(ticket), committed);
        } else {
            queue.withdraw(std::move(ticket), committed);
        }
    };
}

}  // namespace bulla::gateway
