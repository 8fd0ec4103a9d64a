#pragma once
#include "base/clock.h"
#include "base/error.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bulla::audit {

/// Who did what to which thing, when: what an auditor asks for. Holds no secret and no text of a mail.
struct AuditEntry {
    Time time;
    std::string
        actor;  ///< A login, "system", or "cli:" and a user of the machine. At most 191 octets.
    std::string action;  ///< A stable dotted name, such as "signer.create". At most 64 octets.
    std::string target;  ///< What it was done to, such as "domain:example.org". At most 320 octets.
    std::string detail;  ///< One line for people. At most 4096 octets.
};

/// The entry as the log's leaf commits to it: the fields in order, each as its length (4 octets, big-endian) and its bytes, after the time
/// in microseconds (8 octets). No two entries have the same bytes. Error: audit.too_long, audit.bad_action.
[[nodiscard]] Result<std::string> write_entry(const AuditEntry& entry);

/// Where entries go. The archive makes each a leaf of the log; who acts gets an error if it cannot be recorded, and then must not act.
class AuditSink {
  public:
    AuditSink() = default;
    AuditSink(const AuditSink&) = delete;
    AuditSink& operator=(const AuditSink&) = delete;
    virtual ~AuditSink() = default;
    /// Returns when the entry is on stable storage. May be called from any thread. Errors: those of write_entry, of store and of seal.
    [[nodiscard]] virtual Result<void> record(const AuditEntry& entry) = 0;
};

/// Keeps entries in memory, for tests and for commands that work without an instance. One thread at a time.
class MemoryAuditSink final : public AuditSink {
  public:
    [[nodiscard]] Result<void> record(const AuditEntry& entry) override;

    [[nodiscard]] const std::vector<AuditEntry>& entries() const { return entries_; }

  private:
    std::vector<AuditEntry> entries_;
};

}  // namespace bulla::audit
