#pragma once
#include "archive/catalogue.h"
#include "archive/finding.h"
#include "archive/log_walk.h"
#include "archive/message_check.h"
#include "seal/sealer.h"

#include <cstdint>
#include <functional>
#include <vector>

namespace bulla::archive {

/// How far a verification of the whole archive has come.
struct Progress {
    std::uint64_t leaves = 0;  ///< Done, those before `first` included.
    std::uint64_t all_leaves = 0;
    std::uint64_t messages = 0;  ///< Looked at in this run.
    std::uint64_t failed = 0;
};

struct SweepOptions {
    std::uint64_t first = 0;  ///< The leaf to begin with: ArchiveReport::next of an earlier run.
    std::size_t batch = 256;  ///< Messages that are looked at between two calls of `progress`.
    unsigned threads =
        1;  ///< Workers that read records and check signatures; memory is that of one message each.
    /// Called after each batch on the caller's thread; false stops.
    std::function<bool(const Progress&)> progress{};
    /// Called for each message that does not verify or has a note, on the caller's thread.
    std::function<void(const MessageReport&)> report{};
    /// Called for every message, on the caller's thread.
    std::function<void(const MessageReport&)> each{};
    /// Asked before each message, from any worker: true ends the sweep, and its last batch is not told of.
    std::function<bool()> stopped{};
};

struct ArchiveReport {
    Findings
        log{};  ///< What is wrong with the log as a whole, or with rows that belong to no leaf.
    std::uint64_t leaves = 0;
    std::uint64_t messages = 0;
    std::uint64_t signatures = 0;
    std::uint64_t failed = 0;  ///< Messages that do not verify.
    std::uint64_t unchecked =
        0;  ///< Messages of which a signature could not be checked, and nothing is wrong.
    std::uint64_t next = 0;  ///< The leaf to go on with.
    bool complete = false;   ///< Not stopped by `progress`.

    [[nodiscard]] bool verified() const {
        return complete && failed == 0 && unchecked == 0 && !log.any_bad();
    }
};

/// Verifies with public keys only (docs/tamper-table.md). One thread at a time; what it is given outlives it.
class Verifier {
  public:
    struct Options {
        tlog::VerifierKey log_key;
        std::vector<KnownHead> heads{};        ///< state/checkpoint and those kept elsewhere.
        std::vector<seal::ForkEntry> forks{};  ///< seal::load_forks.
        TrustedKeys keys{};
    };

    Verifier(store::Connection& connection,
             const vault::Vault& vault,
             const seal::RecordReader& records,
             Options options);

    /// Every step for one message, good or bad: row, texts, record, leaf, inclusion under a signed checkpoint, signatures, order.
    /// Errors: those of store.
    [[nodiscard]] Result<MessageReport> verify_message(MessageId id);
    /// The whole archive, or what lies after `first`: the log with itself, every leaf with its message, every row with its leaf.
    [[nodiscard]] Result<ArchiveReport> verify_all(const SweepOptions& options);

  private:
    struct Job;
    [[nodiscard]] Result<MessageFacts> gather_facts(StoredMessage stored, Findings& findings) const;
    /// Whether it should have a leaf and signatures: has_seal, has_signer.
    Result<void> find_claims(const MessageFacts& facts, MessageReport& report) const;
    void check_heads(const tlog::Checkpoint& head,
                     tlog::TileReader& tiles,
                     Findings& findings) const;
    Result<void> check_inclusion(std::uint64_t leaf,
                                 const std::string& entry,
                                 Findings& findings) const;
    Result<void> check_order(std::uint64_t leaf, Findings& findings) const;
    Result<void> check_events(MessageId id, Findings& findings) const;
    Result<std::vector<Job>> gather(const std::vector<LeafRow>& rows) const;
    [[nodiscard]] bool run(std::vector<Job>& jobs, const SweepOptions& options) const;
    static void tell(const std::vector<Job>& jobs,
                     const SweepOptions& options,
                     ArchiveReport& report);
    Result<void> check_strays(Findings& findings) const;

    Catalogue catalogue_;
    LogRows log_;
    const seal::RecordReader& records_;
    Options options_;
};

}  // namespace bulla::archive
