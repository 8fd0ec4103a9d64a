#include "archive/message_check.h"

#include "seal/entry.h"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

namespace bulla::archive {

namespace {

std::string short_form(std::string_view fingerprint) {
    return std::string(fingerprint.substr(0, 16));
}

void check_row(const MessageRow& row, const seal::MessageEntry& entry, Findings& findings) {
    if (entry.id != row.id) {
        findings.bad("row",
                     fmt::format("leaf {} of the log is that of message {}, not of {}: rows or "
                                 "leaves were exchanged",
                                 row.leaf,
                                 entry.id.text(),
                                 row.id.text()));
        return;
    }
    if (entry.size != row.size) {
        findings.bad("row",
                     fmt::format("the row says {} octets, the log says {}", row.size, entry.size));
        return;
    }
    findings.ok("row", fmt::format("the row and leaf {} of the log tell the same", row.leaf));
}

void check_record(const MessageFacts& facts, const seal::MessageEntry& entry, Findings& findings) {
    const auto& address = facts.row.address;
    const auto place = fmt::format("{}/{} at {}", address.volume, address.pack, address.offset);
    if (!facts.record) {
        findings.bad(
            "record",
            fmt::format("the message at {} cannot be read: {}", place, facts.record.error().text));
        return;
    }
    const std::string& plain = facts.record->plain;
    if (plain.size() != entry.size ||
        seal::make_commitment(facts.record->salt, plain) != entry.commitment) {
        findings.bad(
            "record",
            fmt::format("the message at {} is not the message that the log commits to", place));
        return;
    }
    findings.ok("record",
                fmt::format("{} octets at {}: authentic, and the message that the log commits to",
                            plain.size(),
                            place));
}

/// Signer id and key fingerprint of a `signer` line.
std::pair<std::string, std::string> split_signer(const std::string& line) {
    const auto space = line.rfind(' ');
    return space == std::string::npos ? std::pair{line, std::string()}
                                      : std::pair{line.substr(0, space), line.substr(space + 1)};
}

/// The key that a signature is judged with, or words why there is none.
const crypto::PublicKey* choose_key(const SignatureRow& row,
                                    const TrustedKeys& keys,
                                    Findings& findings) {
    const auto* key =
        keys.own ? keys.own->find(row.key_fingerprint) : keys.kept.find(row.key_fingerprint);
    if (key == nullptr && keys.own) {
        findings.unchecked(
            "signature",
            fmt::format(
                "the signature of {} cannot be checked: it was made with key {}…, which is not at "
                "{}; put that public key into the directory that "
                "signature_public_key_path names",
                row.signer,
                short_form(row.key_fingerprint),
                keys.own_path));
    } else if (key == nullptr) {
        findings.bad(
            "signature",
            fmt::format("the signature of {} was made with key {}…, and no such public key is "
                        "found in the archive, and no public key is set",
                        row.signer,
                        short_form(row.key_fingerprint)));
    }
    return key;
}

void check_signature(const MessageFacts& facts,
                     const SignatureRow& row,
                     const TrustedKeys& keys,
                     Findings& findings) {
    const auto* key = choose_key(row, keys, findings);
    if (key == nullptr) {
        return;
    }
    if (row.algorithm != signature_algorithm(key->type())) {
        findings.bad("signature",
                     fmt::format("that of {} says algorithm {}, its key is for {}",
                                 row.signer,
                                 row.algorithm,
                                 signature_algorithm(key->type())));
        return;
    }
    if (!facts.record) {
        findings.bad(
            "signature",
            fmt::format("the signature of {} cannot be checked without the message", row.signer));
        return;
    }
    if (!key->verify_message(facts.record->plain, row.signature)) {
        findings.bad("signature",
                     fmt::format("that of {} ({}, key {}…) does not fit the message",
                                 row.signer,
                                 row.algorithm,
                                 short_form(row.key_fingerprint)));
        return;
    }
    const auto source =
        keys.own
            ? "the public key at " + keys.own_path
            : std::string(
                  "the public key kept in the archive, which the log names (no public key is set)");
    findings.ok("signature",
                fmt::format("that of {} ({}, key {}…) fits the message; checked with {}",
                            row.signer,
                            row.algorithm,
                            short_form(row.key_fingerprint),
                            source));
}

void check_signatures(const MessageFacts& facts,
                      const seal::MessageEntry& entry,
                      const TrustedKeys& keys,
                      Findings& findings) {
    for (const auto& line : entry.signers) {
        const auto [signer, fingerprint] = split_signer(line);
        const auto row = std::ranges::find(facts.signatures, signer, &SignatureRow::signer);
        if (row == facts.signatures.end()) {
            findings.bad(
                "signature",
                fmt::format("that of {} is missing: the log says that there was one", signer));
        } else if (row->key_fingerprint != fingerprint) {
            findings.bad("signature",
                         fmt::format("that of {} names key {}…, the log names key {}…",
                                     signer,
                                     short_form(row->key_fingerprint),
                                     short_form(fingerprint)));
        } else {
            check_signature(facts, *row, keys, findings);
        }
    }
    for (const auto& row : facts.signatures) {
        const auto named = [&](const std::string& line) {
            return split_signer(line).first == row.signer;
        };
        if (std::ranges::none_of(entry.signers, named)) {
            findings.bad(
                "signature",
                fmt::format("that of {} is not named by the log: it was added later", row.signer));
        }
    }
    if (entry.signers.empty() && facts.signatures.empty()) {
        findings.ok("signature",
                    "none: the groups of this message name no signer; the log's signed checkpoint "
                    "covers it");
    }
}

}  // namespace

void check_message(const MessageFacts& facts, const TrustedKeys& keys, Findings& findings) {
    if (facts.text_error) {
        findings.bad("catalogue",
                     fmt::format("the subject, addresses or trace were changed: {}",
                                 facts.text_error->text));
    }
    if (facts.row.leaf < 0) {
        if (facts.row.archived) {
            findings.bad("row",
                         "the message counts as archived, but its row names no leaf of the log");
        } else {
            findings.bad("row",
                         "the row says that the message was not archived: it has no leaf in the "
                         "log, so nothing can be proved");
        }
        return;
    }
    if (!facts.row.archived) {
        findings.bad(
            "row", "the message has a leaf in the log, but its row says that it was not archived");
    }
    if (!facts.entry) {
        findings.bad("row",
                     fmt::format("the log has no leaf {}, which the row names", facts.row.leaf));
        return;
    }
    const auto entry = seal::parse_message_entry(*facts.entry);
    if (!entry) {
        findings.bad("row",
                     fmt::format("leaf {} of the log is not that of a message: {}",
                                 facts.row.leaf,
                                 entry.error().text));
        return;
    }
    check_row(facts.row, *entry, findings);
    check_record(facts, *entry, findings);
    if (keys.verify_signatures) {
        check_signatures(facts, *entry, keys, findings);
    } else {
        findings.note("signature", "not looked at: verification of signatures is switched off");
    }
}

}  // namespace bulla::archive
