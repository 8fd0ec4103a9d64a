#include "services/init.h"

#include "base/encoding.h"
#include "crypto/key.h"
#include "directory/load.h"
#include "services/instance.h"
#include "services/owner.h"
#include "store/migrations.h"
#include "tlog/note.h"

#include <array>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

namespace bulla::services {
namespace {

std::unexpected<Error> cannot_write(const std::string& path) {
    return fail("instance.cannot_write",
                Fault::us,
                path + ": cannot be written: is the directory yours, and is there room?");
}

Result<void> sync_directory(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool synced = fd >= 0 && ::fsync(fd) == 0;
    ::close(fd);
    return synced ? Result<void>() : cannot_write(path);
}

/// Makes a new file and syncs it; one that is there already is an error.
Result<void> write_new_file(const std::string& path, std::string_view bytes, mode_t mode) {
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0) {
        return cannot_write(path);
    }
    const bool written =
        ::write(fd, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()) &&
        ::fsync(fd) == 0;
    ::close(fd);
    return written ? Result<void>() : cannot_write(path);
}

Result<void> make_directory(const std::string& path, mode_t mode) {
    std::error_code ignored;
    if (!std::filesystem::is_directory(path, ignored) && ::mkdir(path.c_str(), mode) != 0) {
        return cannot_write(path);
    }
    return {};
}

std::string choose_hostname(const InitOptions& options) {
    std::array<char, 256> name{};
    if (!options.hostname.empty()) {
        return options.hostname;
    }
    if (::gethostname(name.data(), name.size() - 1) == 0) {
        const auto parsed = DomainName::parse(name.data());
        if (parsed && !parsed->parent().empty()) {
            return parsed->ascii();
        }
    }
    return "mail." + options.domain.ascii();
}

Result<void> insert_meta(store::Tx& tx, const char* name, const std::string& value) {
    return tx.run("insert into meta (name, value) values (:name, :value)", {name, value});
}

struct Means {
    const Clock& clock;
    Random& random;
};

/// The tables, the vault and the log's key.
Result<void> fill_database(const config::Config& config,
                           const SecretBytes& passphrase,
                           vault::KdfCost kdf,
                           const Means& means) {
    BULLA_TRY(database,
              store::Database::open({.url = config.database_url}, store::Access::read_write));
    BULLA_TRY(connection, database->connect(store::Access::read_write));
    BULLA_TRY(steps, store::migrate(connection, means.clock));
    if (steps == 0) {
        return fail("instance.exists",
                    Fault::sender,
                    config.database_url + ": there is a database already");
    }
    BULLA_TRY(tx, store::Tx::begin(connection));
    BULLA_TRY(vault, vault::Vault::create(tx, passphrase, means.random, kdf));
    BULLA_TRY(key, crypto::PrivateKey::generate(crypto::KeyType::ed25519));
    const std::string node = std::to_string(config.node);
    const std::string sealed =
        vault.seal(directory::vault_identity("log", node), key->pem().view());
    BULLA_CHECK(tx.run(
        "insert into vault_item (kind, id, sealed, created) values ('log', :id, :sealed, :created)",
        {node, sealed, to_micros(means.clock.now())}));
    // A name that no other log has, also not one that was made here before.
    BULLA_CHECK(insert_meta(
        tx,
        "log_origin",
        config.hostname + "/" + config.node_name + "-" + hex_encode(means.random.bytes(4))));
    BULLA_CHECK(insert_meta(tx, "revision", "0"));
    return tx.finish();
}

/// The domain and the first administrator, through the services, so that the log begins with them.
Result<InitReport> fill_instance(const InitOptions& options,
                                 const config::Config& config,
                                 const Clock& clock,
                                 Random& random) {
    BULLA_TRY(
        instance,
        Instance::open(config, {.mode = OpenMode::owner, .become_owner = false}, clock, random));
    const auto context = instance->make_context(nullptr);
    const Caller caller{"cli:" + user_name(::getuid())};
    BULLA_CHECK(call_service(*context, caller, "domain.add", {{"name", options.domain.ascii()}}));
    BULLA_TRY(
        account,
        call_service(*context,
                     caller,
                     "account.add",
                     {{"login", "admin"}, {"address", options.admin.text()}, {"role", "admin"}}));
    InitReport report;
    report.login = "admin";
    report.one_time_password = account.value("one_time_password", "");
    report.log_key = instance->log_key();
    return report;
}

Result<config::Config> prepare_config(const InitOptions& options,
                                      const std::string& directory,
                                      std::string& text) {
    text = config::write_initial_config({.hostname = choose_hostname(options),
                                         .domain = options.domain.ascii(),
                                         .listeners = options.listeners,
                                         .routes = options.routes,
                                         .data_path = options.data_directory});
    // A daemon stays root only where bulla.toml says so in words.
    const std::string user = options.user.empty() && ::geteuid() == 0 ? "root" : options.user;
    if (!user.empty()) {
        const std::string standard = "#user = \"\"";
        text.replace(text.find(standard), standard.size(), "user = \"" + user + "\"");
    }
    return config::parse_config(text, directory + "/bulla.toml");
}

Result<void> check_empty(const std::string& directory, const config::Config& config) {
    for (const std::string& path :
         {directory + "/bulla.toml", config.state_path, config.passphrase_file}) {
        std::error_code ignored;
        if (std::filesystem::exists(path, ignored)) {
            return fail("instance.exists",
                        Fault::sender,
                        path + " is there already: choose another directory, or move it away");
        }
    }
    return {};
}

Result<void> as_status(const Result<InstanceLock>& lock) {
    return lock ? Result<void>() : std::unexpected(lock.error());
}

Result<void> give_away(const InitOptions& options, const config::Config& config) {
    if (options.user.empty()) {
        return {};
    }
    BULLA_CHECK(give_to(config.state_path, options.user));
    BULLA_CHECK(give_to(config.volumes_path, options.user));
    // Beside a data directory the passphrase is root's: the service manager hands it over.
    return options.data_directory.empty() ? give_to(config.passphrase_file, options.user)
                                          : Result<void>();
}

}  // namespace

Result<InitReport> init_instance(const InitOptions& options, const Clock& clock, Random& random) {
    const std::string directory =
        std::filesystem::absolute(options.directory).lexically_normal().string();
    std::string text;
    BULLA_TRY(config, prepare_config(options, directory, text));
    BULLA_CHECK(check_empty(directory, config));
    std::error_code error;
    std::filesystem::create_directories(directory, error);
    if (!options.data_directory.empty()) {
        std::filesystem::create_directories(options.data_directory, error);
    }
    BULLA_CHECK(make_directory(config.state_path, 0700));
    BULLA_CHECK(make_directory(config.volumes_path, 0700));
    BULLA_CHECK(make_directory(config.volumes_path + "/" + config.volume_name, 0700));
    const SecretBytes passphrase = options.passphrase.empty()
                                       ? SecretBytes(base64_encode(random.bytes(32)))
                                       : options.passphrase.duplicate();
    BULLA_CHECK(
        write_new_file(config.passphrase_file, std::string(passphrase.view()) + "\n", 0600));
    BULLA_CHECK(fill_database(config, passphrase, options.kdf, {clock, random}));
    BULLA_TRY(report, fill_instance(options, config, clock, random));
    BULLA_CHECK(write_new_file(config.state_path + "/log.pub", report.log_key + "\n", 0644));
    BULLA_CHECK(give_away(options, config));
    BULLA_CHECK(write_new_file(config.path, text, 0644));
    BULLA_CHECK(sync_directory(directory));
    report.config_path = config.path;
    report.passphrase_path = config.passphrase_file;
    report.runs_as_root = config.user == "root";
    return report;
}

Result<int> migrate_database(const config::Config& config, const Clock& clock) {
    const auto lock = InstanceLock::take(config.state_path);
    BULLA_CHECK(as_status(lock));
    BULLA_CHECK(become_owner_of(config.state_path));
    BULLA_TRY(database,
              store::Database::open({.url = config.database_url}, store::Access::read_write));
    BULLA_TRY(connection, database->connect(store::Access::read_write));
    return store::migrate(connection, clock);
}

Result<bool> create_signature_table(const config::Config& config) {
    const auto lock = InstanceLock::take(config.state_path);
    BULLA_CHECK(as_status(lock));
    BULLA_CHECK(become_owner_of(config.state_path));
    BULLA_TRY(database,
              store::Database::open({.url = config.database_url}, store::Access::read_write));
    BULLA_TRY(connection, database->connect(store::Access::read_write));
    BULLA_TRY(tx, store::Tx::begin(connection));
    BULLA_TRY(made, store::add_table_message_signature(tx));
    BULLA_CHECK(tx.finish());
    return made;
}

}  // namespace bulla::services
