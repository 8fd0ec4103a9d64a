#include "services/log_fork.h"

#include "base/file.h"
#include "directory/load.h"
#include "seal/checkpoint_file.h"
#include "seal/fork.h"
#include "services/lock.h"
#include "services/owner.h"
#include "store/migrations.h"
#include "tlog/note.h"
#include "vault/passphrase.h"

#include <filesystem>

namespace bulla::services {
namespace {

constexpr std::size_t max_note = 64U << 10U;

/// The instance as far as a fork needs it.
struct Opened {
    std::unique_ptr<store::Database> database;
    seal::LogIdentity log;
};

Result<Opened> open_log(const config::Config& config, bool prompt, Random& random) {
    BULLA_TRY(passphrase,
              vault::load_passphrase({.file = config.passphrase_file, .prompt = prompt}));
    BULLA_CHECK(become_owner_of(config.state_path));
    Opened opened;
    BULLA_TRY(database,
              store::Database::open({.url = config.database_url}, store::Access::read_write));
    opened.database = std::move(database);
    BULLA_TRY(connection, opened.database->connect(store::Access::read_write));
    BULLA_CHECK(store::check_schema(connection));
    BULLA_TRY(vault, vault::Vault::open(connection, passphrase, random));
    BULLA_TRY(origin,
              connection.query_first<std::string>("select value from meta where name = :name",
                                                  {"log_origin"}));
    opened.log.origin = origin ? std::get<0>(*origin) : std::string();
    BULLA_TRY(key,
              directory::load_vault_key(connection, vault, "log", std::to_string(config.node)));
    opened.log.signer = key;
    return opened;
}

Result<std::string> load_seen(const config::Config& config, const LogForkOptions& options) {
    if (!options.checkpoint.empty()) {
        BULLA_TRY(bytes, load_secret_file(options.checkpoint, max_note, FileAccess::anybody));
        return std::string(bytes.view());
    }
    BULLA_TRY(seen, seal::load_checkpoint_file(config.state_path));
    if (!seen) {
        return fail("seal.not_rolled_back",
                    Fault::sender,
                    config.state_path +
                        "/checkpoint is missing: there is nothing that shows a "
                        "roll-back; name a checkpoint kept elsewhere with --checkpoint");
    }
    return std::move(*seen);
}

Result<LogForkReport> save_files(const config::Config& config,
                                 const seal::ForkEntry& entry,
                                 const seal::LogIdentity& log,
                                 std::string_view note) {
    auto& files = seal::FileOps::system();
    LogForkReport report{.former = entry.former,
                         .origin = log.origin,
                         .kept = entry.kept,
                         .seen = entry.seen,
                         .log_key = tlog::write_verifier_key(log.origin, log.signer->public_key())};
    BULLA_CHECK(seal::save_state_file(files, config.state_path, "log.pub", report.log_key + "\n"));
    std::error_code ignored;
    std::filesystem::permissions(
        config.state_path + "/log.pub",
        std::filesystem::perms::group_read | std::filesystem::perms::others_read,
        std::filesystem::perm_options::add,
        ignored);
    // Last: until then the command can be run again.
    BULLA_CHECK(seal::save_checkpoint_file(files, config.state_path, note));
    return report;
}

/// True if the checkpoint file still is what the last fork has given up: the fork was committed, and then the power failed, say.
bool is_interrupted(const std::vector<seal::ForkEntry>& forks,
                    const seal::LogIdentity& log,
                    std::string_view seen) {
    const auto checkpoint =
        seal::open_any_name(seen, {.name = log.origin, .key = log.signer->public_key()});
    return !forks.empty() && checkpoint && checkpoint->origin == forks.back().seen_origin &&
           checkpoint->size == forks.back().seen &&
           tlog::write_hash(checkpoint->root) == forks.back().seen_root;
}

}  // namespace

Result<LogForkReport> fork_instance_log(const config::Config& config,
                                        const LogForkOptions& options,
                                        const Clock& clock,
                                        Random& random) {
    const auto lock = InstanceLock::take(config.state_path);
    if (!lock) {
        return std::unexpected(lock.error());
    }
    BULLA_TRY(opened, open_log(config, options.prompt, random));
    BULLA_TRY(connection, opened.database->connect(store::Access::read_write));
    BULLA_TRY(seen, load_seen(config, options));
    BULLA_TRY(forks, seal::load_forks(connection));
    if (is_interrupted(forks, opened.log, seen)) {
        BULLA_TRY(edge, seal::load_log_edge(connection, opened.log));
        return save_files(config, forks.back(), opened.log, edge.note);
    }
    BULLA_TRY(forked,
              seal::fork_log(connection,
                             opened.log,
                             seen,
                             {.actor = options.actor, .reason = options.reason},
                             clock,
                             random));
    return save_files(
        config, forked.entry, {.origin = forked.origin, .signer = opened.log.signer}, forked.note);
}

}  // namespace bulla::services
