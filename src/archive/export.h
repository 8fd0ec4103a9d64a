#pragma once
#include "archive/catalogue.h"
#include "archive/log_rows.h"
#include "archive/message_check.h"
#include "archive/public_keys.h"
#include "base/error.h"
#include "seal/sealer.h"
#include "tlog/checkpoint.h"
#include "tlog/proof_file.h"

#include <string>
#include <vector>

namespace bulla::archive {

/// A file to be written; names are made of letters, digits, '.', '_' and '-'.
struct ExportedFile {
    std::string name;
    std::string bytes;
};

/// Inclusion of the leaf of message `id` under the last signed checkpoint; the leaf's entry is in `extra`.
/// Errors: archive.no_message, archive.no_leaf (not archived), log.missing_leaf, tlog.bad_tile, those of store.
[[nodiscard]] Result<tlog::ProofFile> prove_message(const Catalogue& catalogue,
                                                    const LogRows& log,
                                                    MessageId id);

/// The octets of message `id` as they were received. Errors: archive.no_message, those of store and of seal::RecordReader.
[[nodiscard]] Result<seal::RecordReader::Opened> open_message(const Catalogue& catalogue,
                                                              const seal::RecordReader& records,
                                                              MessageId id);

struct DetachedSources {
    const Catalogue& catalogue;
    const LogRows& log;
    const seal::RecordReader& records;
    const TrustedKeys& keys;
    std::string log_key;  ///< The log's verifier key, one line.
};

/// Everything that others need to check message `id` without this program (ARC-02): message.eml, for each signer
/// message.<signer>.sig and <signer>.pem, the proof message.tlog-proof with log.pub and commitment.salt, and README.txt with the exact
/// command lines. Nothing is verified here. Errors: those above, archive.no_key (the public key of a signature is not known).
[[nodiscard]] Result<std::vector<ExportedFile>> export_detached(const DetachedSources& sources,
                                                                MessageId id);

}  // namespace bulla::archive
