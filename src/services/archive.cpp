#include "services/archive.h"

#include "archive/summary.h"
#include "archive/trust.h"
#include "base/encoding.h"
#include "services/json_time.h"
#include "services/readable_names.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace bulla::services {
namespace {

using nlohmann::json;

// The largest message that a setting allows (1 GiB), and what conversion to seven bits may make of it.
constexpr std::uint64_t max_record_bytes = std::uint64_t{3} << 29;

json hash_in_hex(const std::string& text) {
    const auto hash = tlog::parse_hash(text);
    return hash ? json(hex_encode(tlog::view(*hash))) : json();
}

// ARC-10: what was found of signatures while they were not verified says nothing now, and what was found then is not shown while they are not.
std::string describe_check(const ArchiveReading& reading, const archive::StoredMessage& stored) {
    if (!reading.verifies_signatures()) {
        return "disabled";
    }
    return stored.check.empty() || stored.check == "disabled" ? "unchecked" : stored.check;
}

}  // namespace

Result<ArchiveReading> ArchiveReading::open(ServiceContext& context) {
    ArchiveReading reading;
    BULLA_TRY(lease, context.database.lease(store::Access::read_only));
    reading.lease_ = std::make_unique<store::Database::Lease>(std::move(lease));
    reading.catalogue_ = std::make_unique<archive::Catalogue>(**reading.lease_, context.vault);
    reading.log_ = std::make_unique<archive::LogRows>(**reading.lease_);
    reading.records_ = std::make_unique<seal::RecordReader>(
        seal::RecordReader::Options{.volumes_path = context.config.volumes_path,
                                    .max_plain_bytes = max_record_bytes},
        context.vault);
    reading.verifies_signatures_ =
        context.snapshots.current()->settings.signature_verification_enabled;
    return reading;
}

Result<archive::Verifier::Options> ArchiveReading::trust(ServiceContext& context,
                                                         archive::Findings& findings) const {
    const archive::TrustSources sources{
        .state_path = context.config.state_path,
        .instance_log_key = context.log_key,
        .public_key_path = context.snapshots.current()->settings.signature_public_key_path};
    BULLA_TRY(trust, archive::load_trust(*catalogue_, *log_, sources, findings));
    // ARC-09: with a missing or unreadable key no tick is shown; the finding of load_trust says why.
    const bool has_keys = sources.public_key_path.empty() || trust.keys.own;
    trust.keys.verify_signatures = verifies_signatures_ && has_keys;
    return trust;
}

Result<MessageId> read_message_id(Arguments& in) {
    BULLA_TRY(text, in.text("id", 64));
    const auto id = MessageId::parse(text);
    if (!id) {
        return fail("archive.no_message",
                    Fault::sender,
                    fmt::format("there is no message \"{}\" in the archive", text));
    }
    return *id;
}

Result<archive::StoredMessage> find_message(const ArchiveReading& reading, MessageId id) {
    BULLA_TRY(stored, reading.catalogue().message(id));
    if (!stored) {
        return fail("archive.no_message",
                    Fault::sender,
                    fmt::format("there is no message {} in the archive", id.text()));
    }
    return std::move(*stored);
}

json describe_findings(const archive::Findings& findings) {
    static constexpr std::array<std::string_view, 3> words{"ok", "note", "bad"};
    auto list = json::array();
    for (const auto& finding : findings.list()) {
        list.push_back({{"check", finding.check},
                        {"state", words.at(static_cast<std::size_t>(finding.outcome))},
                        {"text", finding.text}});
    }
    return list;
}

json describe_message(const ArchiveReading& reading,
                      const archive::StoredMessage& stored,
                      const MessageFacts& facts) {
    const auto& row = stored.row;
    auto summary = archive::parse_summary(row.summary).value_or(archive::Summary{});
    summary.to.insert(summary.to.end(), summary.cc.begin(), summary.cc.end());
    std::string way = row.role == "inbound" ? "in" : "out";
    // Member by member: a list of pairs would be copied, and lists describe thousands a second.
    json out = json::object();
    out["id"] = row.id.text();
    out["received"] = json_time(row.id.time());
    out["size"] = row.size;
    out["direction"] = std::move(summary.direction.empty() ? way : summary.direction);
    out["role"] = row.role;
    out["archived"] = row.archived;
    out["subject"] = std::move(summary.subject);
    out["from"] = json::array();
    if (!summary.from.empty()) {
        out["from"].push_back(std::move(summary.from));
    }
    out["to"] = std::move(summary.to);
    out["sender"] = std::move(summary.sender);
    out["recipients"] = std::move(summary.recipients);
    out["login"] = std::move(summary.login);
    out["groups"] = std::move(summary.groups);
    out["signers"] = facts.signers;
    out["leaf"] = row.leaf < 0 ? json() : json(row.leaf);
    out["leaf_hash"] = hash_in_hex(stored.leaf_hash);
    out["check"] = describe_check(reading, stored);
    out["seal"] = stored.seal.empty() ? "unchecked" : stored.seal;
    out["checked"] = stored.check.empty() ? json() : json(json_time(stored.checked));
    out["delivery"] = facts.delivery;
    if (stored.text_error) {
        out["text_error"] = stored.text_error->text;
    }
    add_names(out, {"from", "to", "sender", "recipients"});
    return out;
}

json describe_delivery(const queue::QueueItem& item) {
    json out{{"id", item.id.text()},
             {"message", item.message.text()},
             {"route", item.route},
             {"destination", item.destination},
             {"state", item.state},
             {"active", item.active},
             {"created", json_time(item.created)},
             {"next_attempt", json_time(item.next_attempt)},
             {"expires", json_time(item.expires)},
             {"attempts", item.attempts},
             {"last_error", item.last_error},
             {"from", item.from},
             {"recipients", item.recipients}};
    add_names(out, {"destination", "from", "recipients"});
    return out;
}

}  // namespace bulla::services
