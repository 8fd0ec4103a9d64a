#include "archive/verify.h"

#include "archive/order.h"
#include "seal/entry.h"
#include "tlog/proof.h"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

namespace bulla::archive {

Verifier::Verifier(store::Connection& connection,
                   const vault::Vault& vault,
                   const seal::RecordReader& records,
                   Options options)
    : catalogue_(connection, vault),
      log_(connection),
      records_(records),
      options_(std::move(options)) {}

Result<MessageReport> Verifier::verify_message(MessageId id) {
    MessageReport report{.id = id};
    auto& findings = report.findings;
    BULLA_TRY(stored, catalogue_.message(id));
    if (!stored) {
        BULLA_TRY(leaf, log_.find_message(id));
        findings.bad(
            "row",
            leaf ? fmt::format("the row of message {} was deleted: leaf {} of the log is its own",
                               id.text(),
                               *leaf)
                 : fmt::format("there is no message {}, and the log has never had one", id.text()));
        for (const auto& fork : options_.forks) {
            findings.note("log", describe_fork(fork));
        }
        return report;
    }
    BULLA_TRY(facts, gather_facts(std::move(*stored), findings));
    check_message(facts, options_.keys, findings);
    BULLA_CHECK(find_claims(facts, report));
    if (facts.entry) {
        const auto leaf = static_cast<std::uint64_t>(facts.row.leaf);
        BULLA_CHECK(check_inclusion(leaf, *facts.entry, findings));
        BULLA_CHECK(check_order(leaf, findings));
    }
    BULLA_CHECK(check_events(id, findings));
    return report;
}

Result<void> Verifier::find_claims(const MessageFacts& facts, MessageReport& report) const {
    report.has_signer = !facts.signatures.empty();
    if (facts.entry) {
        const auto entry = seal::parse_message_entry(*facts.entry);
        report.has_signer = report.has_signer || (entry && !entry->signers.empty());
    }
    report.has_seal = facts.row.archived || facts.row.leaf >= 0;
    if (facts.row.leaf < 0) {
        BULLA_TRY(leaf, log_.find_message(facts.row.id));
        if (leaf) {
            report.has_seal = true;
            report.findings.bad("row",
                                fmt::format("leaf {} of the log is this message's, and its row "
                                            "does not name it: the row was changed",
                                            *leaf));
        }
    }
    return {};
}

Result<MessageFacts> Verifier::gather_facts(StoredMessage stored, Findings& findings) const {
    const MessageId id = stored.row.id;
    auto record = records_.read(stored.row.address, id, seal::RecordKind::received);
    MessageFacts facts{.row = std::move(stored.row),
                       .text_error = std::move(stored.text_error),
                       .record = std::move(record)};
    BULLA_TRY(signatures, catalogue_.signatures(id));
    facts.signatures = std::move(signatures);
    if (facts.row.leaf < 0) {
        return facts;
    }
    const auto leaf = static_cast<std::uint64_t>(facts.row.leaf);
    BULLA_TRY(rows, log_.leaves(leaf, 1));
    if (!rows.empty()) {
        facts.entry = std::move(rows.front().entry);
        if (rows.front().hash != tlog::write_hash(tlog::leaf_hash(*facts.entry))) {
            findings.bad("leaf",
                         fmt::format("the text of leaf {} is not the one that its hash is of: one "
                                     "of them was changed",
                                     leaf));
        }
    }
    return facts;
}

Result<void> Verifier::check_inclusion(std::uint64_t leaf,
                                       const std::string& entry,
                                       Findings& findings) const {
    BULLA_TRY(last, log_.last_checkpoint());
    const auto head = tlog::open_checkpoint(last ? last->note : std::string(), options_.log_key);
    if (!last || !head) {
        findings.bad(
            "log",
            last ? "the last checkpoint is not one that the log signed: " + head.error().text
                 : std::string("the log has no signed checkpoint"));
        return {};
    }
    auto tiles = log_.tiles(head->size);
    if (leaf >= head->size) {
        findings.bad(
            "log",
            fmt::format(
                "leaf {} stands after the last checkpoint, which has {} leaves", leaf, head->size));
    } else if (const auto proof = tlog::make_inclusion_proof(leaf, head->size, tiles.reader());
               !proof) {
        findings.bad("log",
                     "the proof that the leaf is in the log cannot be made: " + proof.error().text);
    } else if (!tlog::verify_inclusion(
                   tlog::leaf_hash(entry), leaf, head->size, *proof, head->root)) {
        findings.bad("log",
                     fmt::format("leaf {} does not lead to the root of the signed checkpoint of {} "
                                 "leaves: leaves or tiles were changed",
                                 leaf,
                                 head->size));
    } else {
        findings.ok(
            "log",
            fmt::format(
                "leaf {} is in the log under the signed checkpoint of {} leaves (key of {})",
                leaf,
                head->size,
                options_.log_key.name));
    }
    check_heads(*head, tiles, findings);
    return {};
}

void Verifier::check_heads(const tlog::Checkpoint& head,
                           tlog::TileReader& tiles,
                           Findings& findings) const {
    for (const auto& known : options_.heads) {
        if (known.head.size > head.size) {
            findings.bad("log",
                         fmt::format("the log has {} leaves and is older than the checkpoint in "
                                     "{}, which has {}: it was truncated, or an "
                                     "older copy was put back",
                                     head.size,
                                     known.source,
                                     known.head.size));
            continue;
        }
        const auto root = tlog::make_root(known.head.size, tiles.reader());
        if (!root || *root != known.head.root) {
            findings.bad(
                "log",
                fmt::format("the log is not consistent with the checkpoint in {}: it was rewritten",
                            known.source));
        } else {
            findings.ok("log",
                        fmt::format("the log is consistent with the checkpoint of {} leaves in {}",
                                    known.head.size,
                                    known.source));
        }
    }
}

Result<void> Verifier::check_order(std::uint64_t leaf, Findings& findings) const {
    constexpr std::uint64_t neighbours = 8;
    const std::uint64_t first = leaf - std::min(leaf, neighbours);
    BULLA_TRY(rows, log_.leaves(first, leaf - first + neighbours + 1));
    std::optional<seal::MessageEntry> own;
    std::vector<std::pair<std::uint64_t, seal::MessageEntry>> others;
    for (const auto& row : rows) {
        if (auto entry = seal::parse_message_entry(row.entry)) {
            if (row.index == leaf) {
                own = std::move(*entry);
            } else {
                others.emplace_back(row.index, std::move(*entry));
            }
        }
    }
    if (!own) {
        return {};
    }
    const auto strange = std::ranges::find_if(others, [&](const auto& other) {
        return other.first < leaf ? out_of_order(other.second, *own)
                                  : out_of_order(*own, other.second);
    });
    if (strange == others.end()) {
        findings.ok("order", "its time fits its place among its neighbours in the log");
    } else if (strange->first < leaf) {
        note_order(strange->second, *own, findings);
    } else {
        note_order(*own, strange->second, findings);
    }
    return {};
}

Result<void> Verifier::check_events(MessageId id, Findings& findings) const {
    BULLA_TRY(events, catalogue_.events(id));
    for (const auto& event : events) {
        if (event.text_error) {
            findings.bad("catalogue",
                         fmt::format("event {} ({}) was changed: {}",
                                     event.row.sequence,
                                     event.row.kind,
                                     event.text_error->text));
        }
    }
    return {};
}

}  // namespace bulla::archive
