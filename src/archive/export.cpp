#include "archive/export.h"

#include "base/date.h"
#include "base/encoding.h"
#include "crypto/digest.h"
#include "tlog/proof.h"

#include <algorithm>
#include <fmt/format.h>

namespace bulla::archive {

namespace {

Result<MessageRow> find_row(const Catalogue& catalogue, MessageId id) {
    BULLA_TRY(stored, catalogue.message(id));
    if (!stored) {
        return fail("archive.no_message",
                    Fault::sender,
                    fmt::format("there is no message {} in the archive", id.text()));
    }
    return std::move(stored->row);
}

/// A signer's id as a part of a file name.
std::string file_name(std::string_view signer) {
    std::string name(signer);
    std::ranges::replace_if(
        name,
        [](char c) {
            return !((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     c == '-' || c == '_');
        },
        '_');
    return name;
}

std::string head_of_readme(const MessageRow& row, const std::string& plain) {
    return fmt::format(
        "Message {}, {} octets, received {} (UTC).\n"
        "SHA-256 of message.eml: {}\n\n"
        "message.eml holds the message exactly as it was received. Do not open and save it with a "
        "mail program\n"
        "before you check it: every octet counts.\n\n",
        row.id.text(),
        plain.size(),
        write_rfc3339(row.id.time()),
        hex_encode(crypto::view(crypto::sha256(plain))));
}

std::string proof_of_readme(const std::string& log_key) {
    return fmt::format(
        "The log\n"
        "message.tlog-proof (C2SP tlog-proof) shows that the message is an entry of the log whose "
        "key is in log.pub, {}.\n"
        "Its line \"extra\" is the entry in base64. The entry's commitment is the SHA-256 of the "
        "salt and the SHA-256 of the message:\n"
        "    (cat commitment.salt; openssl dgst -sha256 -binary message.eml) | sha256sum\n"
        "must give the word after \"commitment\" in\n"
        "    sed -n 's/^extra //p' message.tlog-proof | base64 -d\n"
        "The entry's leaf hash, SHA-256(0x00 || entry), leads over the hashes after \"index\" (RFC "
        "9162 2.1.3.2) to the root in\n"
        "the signed checkpoint at the end.\n",
        log_key);
}

/// Adds signature and key of `signature` and what README.txt says of them.
Result<std::string> add_signature(const SignatureRow& signature,
                                  const TrustedKeys& keys,
                                  std::vector<ExportedFile>& files) {
    const auto* key = keys.own ? keys.own->find(signature.key_fingerprint) : nullptr;
    key = key == nullptr ? keys.kept.find(signature.key_fingerprint) : key;
    if (key == nullptr) {
        return fail("archive.no_key",
                    Fault::us,
                    fmt::format("the public key of signer {} (fingerprint {}) is not known",
                                signature.signer,
                                signature.key_fingerprint));
    }
    const auto name = file_name(signature.signer);
    const CheckedFiles names{
        .message = "message.eml", .signature = "message." + name + ".sig", .key = name + ".pem"};
    files.push_back({names.signature, signature.signature});
    files.push_back({names.key, key->pem()});
    return fmt::format(
        "Signature of {} ({}, {}), made {}\nThe key's fingerprint, SHA-256 of its DER form: "
        "{}\nCheck it with:\n    {}\n\n",
        signature.signer,
        signature.algorithm,
        names.signature,
        write_rfc3339(signature.signed_at),
        key->fingerprint(),
        openssl_command(key->type(), names));
}

}  // namespace

Result<tlog::ProofFile> prove_message(const Catalogue& catalogue,
                                      const LogRows& log,
                                      MessageId id) {
    BULLA_TRY(row, find_row(catalogue, id));
    if (row.leaf < 0) {
        return fail("archive.no_leaf",
                    Fault::sender,
                    fmt::format("message {} was not archived: it is not in the log", id.text()));
    }
    const auto leaf = static_cast<std::uint64_t>(row.leaf);
    BULLA_TRY(leaves, log.leaves(leaf, 1));
    BULLA_TRY(last, log.last_checkpoint());
    if (leaves.empty() || !last || last->size <= leaf) {
        return fail(
            "log.missing_leaf",
            Fault::us,
            fmt::format(
                "leaf {} is not in the log, or under no checkpoint: run \"bulla archive verify\"",
                leaf));
    }
    auto tiles = log.tiles(last->size);
    BULLA_TRY(hashes, tlog::make_inclusion_proof(leaf, last->size, tiles.reader()));
    return tlog::ProofFile{leaves.front().entry, leaf, std::move(hashes), last->note};
}

Result<seal::RecordReader::Opened> open_message(const Catalogue& catalogue,
                                                const seal::RecordReader& records,
                                                MessageId id) {
    BULLA_TRY(row, find_row(catalogue, id));
    return records.read(row.address, id, seal::RecordKind::received);
}

Result<std::vector<ExportedFile>> export_detached(const DetachedSources& sources, MessageId id) {
    BULLA_TRY(row, find_row(sources.catalogue, id));
    BULLA_TRY(opened, sources.records.read(row.address, id, seal::RecordKind::received));
    BULLA_TRY(signatures, sources.catalogue.signatures(id));
    std::string readme = head_of_readme(row, opened.plain);
    std::vector<ExportedFile> files;
    files.push_back({"message.eml", std::move(opened.plain)});
    for (const auto& signature : signatures) {
        BULLA_TRY(words, add_signature(signature, sources.keys, files));
        readme += words;
    }
    if (signatures.empty()) {
        readme +=
            "No signer signed this message by itself; the log's signed checkpoint covers it.\n\n";
    }
    if (row.leaf >= 0) {
        BULLA_TRY(proof, prove_message(sources.catalogue, sources.log, id));
        files.push_back({"message.tlog-proof", tlog::write_proof_file(proof)});
        files.push_back({"log.pub", sources.log_key + "\n"});
        files.push_back({"commitment.salt", opened.salt});
        readme += proof_of_readme(sources.log_key);
    }
    files.push_back({"README.txt", std::move(readme)});
    return files;
}

}  // namespace bulla::archive
