#include "base/plural.h"
#include "seal/checkpoint_file.h"
#include "services/check_parts.h"
#include "services/instance.h"
#include "services/signer_warning.h"
#include "store/database.h"
#include "store/migrations.h"
#include "tlog/checkpoint.h"
#include "tlog/note.h"

#include <filesystem>
#include <fmt/format.h>
#include <fstream>

namespace bulla::services {
namespace {

constexpr std::uintmax_t large_journal = 256U << 20U;

Finding database(CheckState state, std::string text, std::string action = {}) {
    return {"database", state, std::move(text), std::move(action)};
}

Finding log(CheckState state, std::string text, std::string action = {}) {
    return {"log", state, std::move(text), std::move(action)};
}

Finding keys(CheckState state, std::string text, std::string action = {}) {
    return {"keys", state, std::move(text), std::move(action)};
}

Result<std::string> ask_text(store::Connection& connection, std::string_view sql) {
    BULLA_TRY(row, connection.query_first<std::string>(sql));
    return row ? std::get<0>(*row) : std::string();
}

Finding judge_integrity(store::Connection& connection) {
    const auto said = ask_text(connection, "pragma quick_check(1)");
    if (said && *said == "ok") {
        return database(CheckState::ok, "the database is sound");
    }
    return database(
        CheckState::error,
        "the database is damaged: " + (said ? *said : said.error().text),
        "stop the daemon, keep a copy of the files, restore the last backup, then `bulla archive "
        "verify --all`");
}

void judge_journal(Findings& out, store::Connection& connection, const std::string& path) {
    const auto mode = ask_text(connection, "pragma journal_mode");
    if (mode && *mode != "wal") {
        out.push_back(
            database(CheckState::warning,
                     fmt::format("the database's journal is \"{}\", not \"wal\": readers wait "
                                 "for writers",
                                 *mode),
                     "start the daemon once; if it stays so, the file system refuses WAL"));
    }
    std::error_code error;
    const auto size = std::filesystem::file_size(path + "-wal", error);
    if (!error && size > large_journal) {
        out.push_back(
            database(CheckState::warning,
                     fmt::format("the database's journal has {} MiB", size >> 20U),
                     "a reader that never ends keeps it from shrinking: restart the daemon"));
    }
}

Result<std::unique_ptr<store::Database>> open_database(const config::Config& config) {
    return store::Database::open({.url = config.database_url}, store::Access::read_only);
}

/// Calls `use` with a connection; what keeps it from that becomes a finding.
template <class Use>
Findings with_database(const config::Config& config, std::string_view area, const Use& use) {
    const auto opened = open_database(config);
    auto connection = opened ? (*opened)->connect(store::Access::read_only)
                             : Result<store::Connection>(std::unexpected(opened.error()));
    if (!connection) {
        return {{std::string(area),
                 CheckState::error,
                 connection.error().text,
                 "run as root or as the daemon's user; is database.url in bulla.toml right?"}};
    }
    return use(*connection);
}

}  // namespace

Findings look_at_database(const config::Config& config) {
    return with_database(config, "database", [&config](store::Connection& connection) {
        Findings out{judge_integrity(connection)};
        if (const auto schema = store::check_schema(connection); !schema) {
            const bool older = schema.error().code == "store.older";
            out.push_back(database(CheckState::error,
                                   schema.error().text,
                                   older ? "stop the daemon and run `bulla database migrate`"
                                         : "install the bulla that made it, or a newer one"));
        }
        judge_journal(
            out, connection, config.database_url.substr(config.database_url.find(':') + 1));
        return out;
    });
}

namespace {

Result<std::optional<tlog::Checkpoint>> read_note(const std::string& note,
                                                  const tlog::VerifierKey& key) {
    if (note.empty()) {
        return std::optional<tlog::Checkpoint>();
    }
    BULLA_TRY(checkpoint, tlog::open_checkpoint(note, key));
    return std::optional(checkpoint);
}

Finding compare(const LogFacts& facts,
                const tlog::Checkpoint& stored,
                const tlog::Checkpoint& seen) {
    constexpr std::string_view advice =
        "somebody put older data in place: restore the newer, or see `bulla log --help`";
    if (seen.size > stored.size) {
        return log(
            CheckState::error,
            fmt::format(
                "the log has {} leaves, state/checkpoint has seen {}", stored.size, seen.size),
            std::string(advice));
    }
    if (seen.size == stored.size && seen.root != stored.root) {
        return log(CheckState::error,
                   fmt::format("the log and state/checkpoint differ about its first {}",
                               plural(seen.size, "leaf", "leaves")),
                   std::string(advice));
    }
    if (facts.leaves < static_cast<std::int64_t>(stored.size)) {
        return log(
            CheckState::error,
            fmt::format(
                "the log has {} leaves, its last checkpoint says {}", facts.leaves, stored.size),
            "leaves are gone: `bulla archive verify --all` says which messages are hit");
    }
    return log(CheckState::ok,
               fmt::format("the log has {} and continues state/checkpoint",
                           plural(facts.leaves, "leaf", "leaves")));
}

}  // namespace

Findings judge_log(const LogFacts& facts) {
    const auto key = tlog::parse_verifier_key(facts.key);
    if (!key) {
        return {log(CheckState::error,
                    "state/log.pub is missing or no verifier key",
                    "`bulla status` shows the log's key; write it there")};
    }
    const auto stored = read_note(facts.database_note, *key);
    const auto seen = read_note(facts.file_note, *key);
    if (!stored || !seen) {
        return {log(CheckState::error,
                    fmt::format("{} checkpoint does not verify: {}",
                                stored ? "the file's (state/checkpoint)" : "the database's last",
                                (stored ? seen : stored).error().text),
                    "`bulla archive verify --all` says what is hit")};
    }
    if (!*stored && !*seen) {
        return {log(CheckState::ok, "the log is empty")};
    }
    if (!*seen) {
        return {log(
            CheckState::warning,
            "state/checkpoint is missing: that older data were put in place would not be noticed",
            "the daemon writes it with the next message; keep state/ in the backup")};
    }
    return {
        compare(facts, stored->value_or(tlog::Checkpoint{}), seen->value_or(tlog::Checkpoint{}))};
}

Findings look_at_log(const config::Config& config) {
    return with_database(config, "log", [&config](store::Connection& connection) -> Findings {
        LogFacts facts;
        const auto leaves = connection.query_first<std::int64_t>("select count(*) from log_leaf");
        const auto note =
            ask_text(connection, "select note from log_checkpoint order by size desc limit 1");
        const auto file = seal::load_checkpoint_file(config.state_path);
        if (!leaves || !note || !file) {
            return {log(CheckState::error,
                        !leaves ? leaves.error().text : (!note ? note.error() : file.error()).text,
                        "run as root or as the daemon's user")};
        }
        facts.leaves = *leaves ? std::get<0>(**leaves) : 0;
        facts.database_note = *note;
        facts.file_note = file->value_or("");
        std::ifstream key(config.state_path + "/log.pub");
        std::getline(key, facts.key);
        return judge_log(facts);
    });
}

namespace {

void look_at_records(Findings& out, ServiceContext& context, const AskDns& ask) {
    const auto published = load_published_keys(context);
    if (!published) {
        out.push_back(keys(CheckState::error, published.error().text));
        return;
    }
    for (const auto& [domain, enabled] : context.snapshots.current()->domains) {
        if (!enabled) {
            continue;
        }
        const auto found = published->find(domain);
        if (found == published->end()) {
            out.push_back(keys(CheckState::warning,
                               domain + " has no active DKIM key: its mail goes unsigned",
                               fmt::format("bulla dkim add {} SELECTOR", domain)));
        }
        auto checks = plan_checks(
            domain,
            context.snapshots.current()->config.hostname,
            found == published->end() ? std::span<const PublishedKey>() : found->second);
        run_checks(checks, ask);
        for (const RecordCheck& check : checks) {
            out.push_back(judge_record(domain, check));
        }
    }
}

}  // namespace

Findings look_at_keys(const CheckOptions& options,
                      const config::Config& config,
                      const AskDns* ask) {
    const auto instance = Instance::open(
        config, {.mode = OpenMode::reader, .prompt = false}, options.clock, options.random);
    if (!instance) {
        const bool asked = instance.error().code == "vault.no_passphrase";
        return {keys(asked ? CheckState::warning : CheckState::error,
                     "the keys cannot be opened: " + instance.error().text,
                     asked
                         ? "the daemon will ask for it at each start: passphrase_file in bulla.toml"
                         : "is this the passphrase of this instance, and may this user read it?")};
    }
    Findings out{keys(CheckState::ok, "the passphrase opens the keys")};
    const auto context = (*instance)->make_context(nullptr);
    for (const std::string& problem : context->snapshots.current()->problems) {
        out.push_back(
            keys(CheckState::error, problem, "see `bulla signer list` and `bulla dkim list`"));
    }
    const auto snapshot = context->snapshots.current();
    const auto known = load_check_keys(*snapshot);
    for (const auto& group : snapshot->groups) {
        if (std::string warning = warn_of_signer(*snapshot, known, group.archival_signer);
            group.archiving && !warning.empty()) {
            out.push_back(keys(CheckState::warning,
                               std::move(warning),
                               "put it there; `bulla signer list --json` shows it"));
        }
    }
    if (ask != nullptr) {
        look_at_records(out, *context, *ask);
    }
    return out;
}

}  // namespace bulla::services
