#pragma once
#include "archive/catalogue.h"
#include "archive/finding.h"
#include "archive/log_rows.h"
#include "archive/verify.h"
#include "cli/command.h"
#include "services/instance.h"

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace bulla::cli {

/// The archive of an instance, open for reading: also while the daemon runs.
class ArchiveAccess {
  public:
    /// Errors: those of load_instance_config and services::Instance::open.
    [[nodiscard]] static Result<std::unique_ptr<ArchiveAccess>> open(const Context& context);

    [[nodiscard]] services::Instance& instance() { return *instance_; }

    [[nodiscard]] store::Connection& connection() { return *lease_; }

    [[nodiscard]] const archive::Catalogue& catalogue() const { return catalogue_; }

    [[nodiscard]] const archive::LogRows& log() const { return log_; }

    /// What a verification here believes, with checkpoints and a log key kept elsewhere. What is wrong with them goes to `findings`.
    [[nodiscard]] Result<archive::Verifier::Options> trust(
        const std::vector<std::string>& checkpoints,
        const std::string& log_key_path,
        archive::Findings& findings);

  private:
    ArchiveAccess(std::unique_ptr<services::Instance> instance, store::Database::Lease lease);

    std::unique_ptr<services::Instance> instance_;
    store::Database::Lease lease_;
    archive::Catalogue catalogue_;
    archive::LogRows log_;
};

/// A message id as people type it. Error: message_id.bad with Fault::sender.
[[nodiscard]] Result<MessageId> parse_message_argument(const std::string& text);
/// Writes a new file or replaces one. Errors: file.unwritable.
[[nodiscard]] Result<void> write_output_file(const std::string& path, std::string_view bytes);
/// {"outcome","check","text"} of each.
[[nodiscard]] nlohmann::json to_json(const archive::Findings& findings);
/// Adds `bulla archive verify` to `group`.
void add_archive_verify(CLI::App& group, Context& context);

}  // namespace bulla::cli
