#include "services/instance.h"

#include "directory/load.h"
#include "directory/postmaster.h"
#include "services/owner.h"
#include "store/migrations.h"
#include "tlog/note.h"
#include "vault/passphrase.h"

#include <algorithm>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace bulla::services {
namespace {

// The largest message that a setting allows (1 GiB), and what conversion to seven bits may make of it.
constexpr std::uint64_t max_record_bytes = std::uint64_t{3} << 29;

/// A reader's sealer: what it is given is refused.
class ReadOnlySealer final : public seal::Sealer {
  public:
    void submit(seal::Batch batch) override {
        if (batch.done) {
            batch.done(refusal());
        }
    }

    [[nodiscard]] Result<seal::PreparedRecord> prepare(MessageId,
                                                       seal::RecordKind,
                                                       std::string_view) override {
        return refusal();
    }

    [[nodiscard]] bool healthy(std::string* why) const override {
        if (why != nullptr) {
            *why = "the instance is open for reading only";
        }
        return false;
    }

    [[nodiscard]] std::string checkpoint() const override { return {}; }

  private:
    static std::unexpected<Error> refusal() {
        return fail("service.read_only", Fault::us, "the instance is open for reading only");
    }
};

Result<std::string> load_meta(store::Connection& connection, const char* name) {
    BULLA_TRY(
        row,
        connection.query_first<std::string>("select value from meta where name = :name", {name}));
    if (!row) {
        return fail("instance.incomplete",
                    Fault::us,
                    std::string("the database has no ") + name + ": was `bulla init` interrupted?");
    }
    return std::get<0>(*row);
}

Result<std::int64_t> load_greatest(store::Connection& connection, std::string_view sql) {
    BULLA_TRY(row, connection.query_first<std::optional<std::int64_t>>(sql));
    return row ? std::get<0>(*row).value_or(0) : 0;
}

}  // namespace

Instance::Instance(const config::Config& config, OpenMode mode, const Clock& clock, Random& random)
    : config_(config), mode_(mode), clock_(clock), random_(random) {}

Instance::~Instance() = default;

std::string admin_socket_path(const config::Config& config) {
    return config.state_path + "/admin.sock";
}

Result<std::unique_ptr<Instance>> Instance::open(const config::Config& config,
                                                 const InstanceOptions& options,
                                                 const Clock& clock,
                                                 Random& random) {
    std::unique_ptr<Instance> instance(new Instance(config, options.mode, clock, random));
    if (options.mode == OpenMode::owner) {
        BULLA_TRY(lock, InstanceLock::take(config.state_path, options.lock_patience));
        instance->lock_.emplace(std::move(lock));
        if (options.when_locked) {
            BULLA_CHECK(options.when_locked());
        }
    }
    // The passphrase may be root's alone, so it is read before root is given up.
    BULLA_CHECK(instance->open_keys(options));
    BULLA_CHECK(instance->open_sealer());
    BULLA_CHECK(instance->load_ids());
    BULLA_CHECK(instance->reload());
    return instance;
}

Result<void> Instance::open_database() {
    const bool owner = mode_ == OpenMode::owner;
    BULLA_TRY(database,
              store::Database::open({.url = config_.database_url},
                                    owner ? store::Access::read_write : store::Access::read_only));
    database_ = std::move(database);
    BULLA_TRY(connection, database_->lease());
    return store::check_schema(*connection);
}

Result<void> Instance::open_keys(const InstanceOptions& options) {
    BULLA_TRY(passphrase,
              vault::load_passphrase({.file = config_.passphrase_file, .prompt = options.prompt}));
    if (options.become_owner && mode_ == OpenMode::owner) {
        BULLA_CHECK(become_owner_of(config_.state_path));
    }
    BULLA_CHECK(open_database());
    BULLA_TRY(connection, database_->lease());
    BULLA_TRY(vault, vault::Vault::open(*connection, passphrase, random_));
    vault_ = std::make_unique<const vault::Vault>(std::move(vault));
    BULLA_TRY(origin, load_meta(*connection, "log_origin"));
    log_origin_ = origin;
    BULLA_TRY(key,
              directory::load_vault_key(*connection, *vault_, "log", std::to_string(config_.node)));
    log_signer_ = key;
    log_key_ = tlog::write_verifier_key(log_origin_, log_signer_->public_key());
    return {};
}

Result<void> Instance::open_sealer() {
    reader_ = std::make_unique<seal::RecordReader>(
        seal::RecordReader::Options{.volumes_path = config_.volumes_path,
                                    .max_plain_bytes = max_record_bytes},
        *vault_);
    if (mode_ == OpenMode::reader) {
        sealer_ = std::make_unique<ReadOnlySealer>();
        return {};
    }
    seal::SealerOptions options;
    options.volume_name = config_.volume_name;
    options.volume_path = config_.volumes_path + "/" + config_.volume_name;
    options.state_path = config_.state_path;
    options.node = config_.node;
    options.origin = log_origin_;
    BULLA_TRY(sealer,
              seal::Sealer::open(options, *database_, *vault_, log_signer_, clock_, random_));
    sealer_ = std::move(sealer);
    return {};
}

Result<void> Instance::load_ids() {
    BULLA_TRY(connection, database_->lease());
    BULLA_TRY(message, load_greatest(*connection, "select max(id) from message"));
    BULLA_TRY(delivery, load_greatest(*connection, "select max(id) from queue_delivery"));
    ids_ = std::make_unique<MessageIds>(clock_, config_.node, std::max(message, delivery));
    return {};
}

Result<void> Instance::reload() {
    // A bulla.toml that was read again stays in force.
    return reload(snapshots_ ? snapshots_->current()->config : config_);
}

Result<void> Instance::reload(const config::Config& config) {
    const auto previous = snapshots_ ? snapshots_->current() : nullptr;
    BULLA_TRY(connection, database_->lease());
    BULLA_TRY(snapshot, directory::load_snapshot(*connection, *vault_, config, previous));
    if (snapshots_) {
        snapshots_->set(snapshot);
    } else {
        snapshots_ = std::make_unique<directory::SnapshotHolder>(snapshot);
    }
    return {};
}

std::unique_ptr<queue::Queue> Instance::make_queue(queue::ConcurrencyOf concurrency_of,
                                                   queue::InjectNotice inject) {
    queue::QueueOptions options;
    options.node = config_.node;
    options.hostname = config_.hostname;
    // Of a domain that has keys, so that notices are signed as other mail is.
    options.postmaster_domain = [&snapshots = *snapshots_] {
        const auto postmaster = directory::find_postmaster(*snapshots.current());
        return postmaster ? postmaster->domain().ascii() : std::string();
    };
    options.retry.first = std::chrono::seconds(config_.retry.first_seconds);
    options.retry.longest = std::chrono::seconds(config_.retry.longest_seconds);
    options.retry.expire = std::chrono::seconds(config_.retry.expire_seconds);
    options.retry.warn = std::chrono::seconds(config_.retry.warn_seconds);
    return std::make_unique<queue::Queue>(
        std::move(options),
        queue::QueueServices{*sealer_, *database_, *vault_, *reader_, *ids_, clock_, random_},
        std::move(concurrency_of),
        std::move(inject));
}

std::unique_ptr<ServiceContext> Instance::make_context(queue::Queue* queue) {
    return std::unique_ptr<ServiceContext>(
        new ServiceContext{.config = config_,
                           .database = *database_,
                           .vault = *vault_,
                           .sealer = mode_ == OpenMode::owner ? sealer_.get() : nullptr,
                           .snapshots = *snapshots_,
                           .queue = queue,
                           .clock = clock_,
                           .random = random_,
                           .log_key = log_key_,
                           .reload = [this] { return reload(); }});
}

}  // namespace bulla::services
