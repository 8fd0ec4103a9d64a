#pragma once
#include "archive/catalogue.h"
#include "archive/log_rows.h"
#include "archive/verify.h"
#include "seal/sealer.h"
#include "services/message_facts.h"
#include "services/service.h"
#include "store/database.h"

#include <memory>
#include <string>

namespace bulla::services {

/// The archive as a service call reads it: one connection, for one call.
class ArchiveReading {
  public:
    /// Errors: those of store.
    [[nodiscard]] static Result<ArchiveReading> open(ServiceContext& context);

    [[nodiscard]] const archive::Catalogue& catalogue() const { return *catalogue_; }

    [[nodiscard]] const archive::LogRows& log() const { return *log_; }

    [[nodiscard]] const seal::RecordReader& records() const { return *records_; }

    [[nodiscard]] store::Connection& connection() { return **lease_; }

    /// Whether signatures are verified here (ARC-09); when not, nothing says of one that it was.
    [[nodiscard]] bool verifies_signatures() const { return verifies_signatures_; }

    /// What a verification believes here. Errors: log.no_key, note.bad_key, those of store.
    [[nodiscard]] Result<archive::Verifier::Options> trust(ServiceContext& context,
                                                           archive::Findings& findings) const;

  private:
    ArchiveReading() = default;

    std::unique_ptr<store::Database::Lease> lease_;
    std::unique_ptr<archive::Catalogue> catalogue_;
    std::unique_ptr<archive::LogRows> log_;
    std::unique_ptr<seal::RecordReader> records_;
    bool verifies_signatures_ = false;
};

/// Findings as the API shows them (openapi: Finding).
[[nodiscard]] nlohmann::json describe_findings(const archive::Findings& findings);

/// The argument "id" as a message's. Error: archive.no_message (a text that is no id names no message).
[[nodiscard]] Result<MessageId> read_message_id(Arguments& in);
/// The row of a message. Error: archive.no_message.
[[nodiscard]] Result<archive::StoredMessage> find_message(const ArchiveReading& reading,
                                                          MessageId id);
/// A message as lists show it (openapi: Message).
[[nodiscard]] nlohmann::json describe_message(const ArchiveReading& reading,
                                              const archive::StoredMessage& stored,
                                              const MessageFacts& facts);
/// A delivery (openapi: Delivery).
[[nodiscard]] nlohmann::json describe_delivery(const queue::QueueItem& item);

}  // namespace bulla::services
