#pragma once
#include "base/clock.h"
#include "base/error.h"
#include "base/random.h"
#include "config/config.h"
#include "directory/snapshot.h"
#include "dns/answer.h"
#include "queue/queue.h"
#include "seal/sealer.h"
#include "services/publication_notes.h"
#include "store/database.h"
#include "vault/vault.h"

#include <functional>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>

namespace bulla::services {

class Jobs;

struct Caller;

/// What the services work with. The daemon builds one; the command line builds one when no daemon runs (instance.h). All of it outlives the
/// calls.
struct ServiceContext {
    const config::Config& config;
    store::Database& database;
    const vault::Vault& vault;
    seal::Sealer* sealer = nullptr;  ///< Null: read-only, changes are refused.
    directory::SnapshotHolder& snapshots;
    queue::Queue* queue = nullptr;  ///< Null: read-only.
    const Clock& clock;
    Random& random;
    std::string log_key{};  ///< The log's verifier key (state/log.pub); for status.
    std::function<nlohmann::json()>
        live{};  ///< What only the running daemon knows, for status; may be empty.
    /// Called after a change was committed and before the answer: puts a Snapshot with it in force.
    std::function<Result<void>()> reload{};
    /// Reads bulla.toml again as well, for the call `reload`: {"restart_for", "not_opened"}. Empty outside the daemon. `changing` is held.
    std::function<Result<nlohmann::json>(const Caller&)> reload_config{};
    /// Answers a question about the DNS; empty: the service makes a resolver of its own. May be called from several threads at once.
    std::function<dns::DnsAnswer(const dns::DnsQuestion&)> ask{};
    std::mutex
        changing{};  ///< One change at a time, so that what a change has checked still holds when it is committed.
    PublicationNotes publications{};
    /// Long work that goes on after its call (job.h); null outside the daemon. The last member: its threads use all others.
    std::shared_ptr<Jobs> jobs{};
};

struct Principal;

/// Who asks: `actor` goes into the audit entry; "cli:anna" for the command line, a login for the console.
struct Caller {
    std::string actor;
    const Principal* principal =
        nullptr;  ///< Whose rights limit what is shown (access.h); null: root or the daemon's user, who see all.
};

/// What a service needs.
enum class Work {
    reads,
    changes,  ///< The owner of the instance; runs alone.
    changes_itself,  ///< The owner too, but takes ServiceContext::changing only where it commits, for it computes long.
};

/// Reads the members of a call's arguments strictly. Error of all: service.bad_argument; a name never asked for is found by finish().
class Arguments {
  public:
    explicit Arguments(const nlohmann::json& object) : object_(object) {}

    [[nodiscard]] Result<std::string> text(std::string_view name, std::size_t max = 4096);
    [[nodiscard]] Result<std::string> text_or(std::string_view name,
                                              std::string fallback,
                                              std::size_t max = 4096);
    [[nodiscard]] Result<std::int64_t> whole_or(std::string_view name, std::int64_t fallback);
    [[nodiscard]] Result<bool> flag_or(std::string_view name, bool fallback);
    [[nodiscard]] Result<std::vector<std::string>> texts_or(std::string_view name,
                                                            std::vector<std::string> fallback);
    [[nodiscard]] bool has(std::string_view name) const;
    /// Error if the call has a member that was not asked for.
    [[nodiscard]] Result<void> finish() const;

  private:
    [[nodiscard]] const nlohmann::json* find(std::string_view name);
    const nlohmann::json& object_;
    std::vector<std::string> asked_;
};

/// `result` with its error, if any, put down to the argument `field` of the call: unless the fault is not the sender's, or it says already
/// which argument it is about.
template <class T>
[[nodiscard]] Result<T> in_field(std::string_view field, Result<T> result) {
    if (!result && result.error().fault == Fault::sender && result.error().field.empty()) {
        result.error().field = field;
    }
    return result;
}

/// The same for a parser that knows nothing but the argument `field`: whatever it calls its fault, the sender can mend it.
template <class T>
[[nodiscard]] Result<T> from_argument(std::string_view field, Result<T> result) {
    if (!result) {
        result.error().fault = Fault::sender;
    }
    return in_field(field, std::move(result));
}

/// A refusal of what the argument `field` of the call says.
[[nodiscard]] inline std::unexpected<Error> refuse(std::string_view field,
                                                   std::string_view code,
                                                   std::string text) {
    return std::unexpected(Error{.code = code,
                                 .fault = Fault::sender,
                                 .text = std::move(text),
                                 .field = std::string(field)});
}

using ServiceFunction = Result<nlohmann::json> (*)(ServiceContext&,
                                                   const Caller&,
                                                   const nlohmann::json& arguments);

/// One service call: the command line, the administration socket and the API use the same table.
struct Service {
    std::string_view name;  ///< "domain.add"
    Work work = Work::reads;
    ServiceFunction run = nullptr;
};

[[nodiscard]] std::span<const Service> list_services();
/// Null if there is none of that name.
[[nodiscard]] const Service* find_service(std::string_view name);
/// Runs a service. Errors: service.unknown, service.read_only, service.bad_argument and those of the service. Blocks: not for an io thread.
[[nodiscard]] Result<nlohmann::json> call_service(ServiceContext& context,
                                                  const Caller& caller,
                                                  std::string_view name,
                                                  const nlohmann::json& arguments);

}  // namespace bulla::services
