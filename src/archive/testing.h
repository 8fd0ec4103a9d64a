#pragma once
#include "archive/catalogue.h"
#include "archive/summary.h"
#include "archive/verify.h"
#include "seal/entry.h"
#include "seal/sealer.h"
#include "store/migrations.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <future>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

/// What the tests of the archive share: a real small instance, made with Sealer and SQLite in a temporary directory.
namespace bulla::archive::testing {

namespace fs = std::filesystem;

inline std::string read_file(const fs::path& path) {
    std::ostringstream bytes;
    bytes << std::ifstream(path, std::ios::binary).rdbuf();
    return bytes.str();
}

inline void write_file(const fs::path& path, std::string_view bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

/// A directory that goes with its owner.
class TemporaryDirectory {
  public:
    TemporaryDirectory() {
        std::string pattern = (fs::temp_directory_path() / "bulla-archive-XXXXXX").string();
        EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
        path_ = pattern;
    }

    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

    ~TemporaryDirectory() { fs::remove_all(path_); }

    [[nodiscard]] fs::path operator/(std::string_view name) const { return path_ / name; }

    [[nodiscard]] const fs::path& path() const { return path_; }

  private:
    fs::path path_;
};

/// The keys of a test instance; they outlive its copies.
struct Keys {
    std::shared_ptr<crypto::PrivateKey> log =
        crypto::PrivateKey::generate(crypto::KeyType::ed25519).value();
    std::shared_ptr<crypto::PrivateKey> office =
        crypto::PrivateKey::generate(crypto::KeyType::p256).value();
    std::shared_ptr<crypto::PrivateKey> board =
        crypto::PrivateKey::generate(crypto::KeyType::ed25519).value();
};

using Signers = std::vector<std::pair<std::string, std::shared_ptr<crypto::PrivateKey>>>;

/// An instance: database, vault, packs, state.
class Instance {
  public:
    static constexpr std::string_view origin = "test.example/bulla/0";

    /// A new one in an empty directory.
    explicit Instance(const Keys& keys) : keys_(keys) {
        open_database();
        EXPECT_TRUE(store::migrate(*connection_, clock));
        auto tx = store::Tx::begin(*connection_).value();
        vault_.emplace(vault::Vault::create(
                           tx, SecretBytes("passphrase"), random, {.passes = 1, .memory = 8192})
                           .value());
        EXPECT_TRUE(tx.finish());
        fs::create_directory(directory_ / "state");
        write_file(directory_ / "state/log.pub",
                   tlog::write_verifier_key(origin, keys.log->public_key()) + "\n");
        write_file(directory_ / "office.pem", keys.office->public_key().pem());
    }

    /// A copy of another one that is closed.
    Instance(const Keys& keys, const fs::path& original) : keys_(keys) {
        fs::copy(original,
                 directory_.path(),
                 fs::copy_options::recursive | fs::copy_options::overwrite_existing);
        open_database();
        vault_.emplace(vault::Vault::open(*connection_, SecretBytes("passphrase"), random).value());
    }

    Instance(const Instance&) = delete;
    Instance& operator=(const Instance&) = delete;
    ~Instance() = default;

    [[nodiscard]] std::unique_ptr<seal::Sealer> open_sealer() {
        const seal::SealerOptions options{.volume_path = (directory_ / "volumes/main").string(),
                                          .state_path = (directory_ / "state").string(),
                                          .origin = std::string(origin)};
        return seal::Sealer::open(options, *database_, *vault_, keys_.log, clock, random).value();
    }

    /// A batch that archives `text` with a signature of each of `signers`.
    [[nodiscard]] seal::Batch make_batch(MessageId id,
                                         const std::string& text,
                                         const Signers& signers,
                                         bool archived = true) {
        seal::Batch batch;
        batch.records.push_back(seal::prepare_record(id, seal::RecordKind::received, text, random));
        seal::MessageEntry entry;
        entry.id = id;
        entry.time = clock.now();
        entry.size = text.size();
        entry.commitment = seal::make_commitment(seal::commitment_salt(batch.records[0].key), text);
        std::vector<SignatureRow> signatures;
        for (const auto& [name, key] : signers) {
            const auto& fingerprint = key->public_key().fingerprint();
            entry.signers.push_back(name + " " + fingerprint);
            signatures.push_back({id,
                                  name,
                                  std::string(signature_algorithm(key->public_key().type())),
                                  fingerprint,
                                  key->sign_message(text).value(),
                                  clock.now()});
        }
        if (archived) {
            batch.leaves.push_back(seal::write_entry(entry));
        }
        MessageRow row{
            .id = id, .archived = archived, .role = "relay", .size = text.size(), .trace = "[]"};
        row.summary =
            write_summary({.subject = "Subject of " + id.text(),
                           .from = "alice@example.test",
                           .to = {"bob" + std::to_string(id.number() % 7) + "@example.test"},
                           .role = "relay"});
        batch.riders.emplace_back(
            [this, made = seal_message(*vault_, row), signatures](
                store::Tx& tx, const seal::Committed& committed) -> Result<void> {
                const auto& placed = made.row;
                const auto leaf =
                    placed.archived ? static_cast<std::int64_t>(committed.leaf_indexes[0]) : -1;
                BULLA_CHECK(insert_message(tx, made, committed.addresses[0], leaf));
                for (const auto& signature : signatures) {
                    BULLA_CHECK(insert_signature(tx, signature));
                }
                return insert_event(tx,
                                    *vault_,
                                    {.message = placed.id,
                                     .at = committed.time,
                                     .kind = "accepted",
                                     .detail = "from 192.0.2.1"});
            });
        return batch;
    }

    /// Archives `count` messages, a second apart, 30 an hour; every third without signer, every fifth with two.
    void fill(std::size_t count) {
        auto sealer = open_sealer();
        MessageIds numbers(clock, 0, ids.empty() ? 0 : ids.back().number());
        for (std::size_t i = 0; i < count;) {
            std::vector<std::future<Result<seal::Committed>>> waiting;
            // One checkpoint an hour is kept for good.
            clock.advance(std::chrono::hours(1));
            for (; i < count && waiting.size() < 30; ++i) {
                clock.advance(std::chrono::seconds(1));
                ids.push_back(numbers.next());
                const Signers two{{"board", keys_.board}, {"office", keys_.office}};
                const Signers signers = ids.size() % 5 == 0   ? two
                                        : ids.size() % 3 == 0 ? Signers{}
                                                              : Signers{{"office", keys_.office}};
                waiting.push_back(
                    submit(*sealer, make_batch(ids.back(), text_of(ids.size() - 1), signers)));
            }
            for (auto& one : waiting) {
                EXPECT_TRUE(one.get());
            }
        }
    }

    static std::future<Result<seal::Committed>> submit(seal::Sealer& sealer, seal::Batch batch) {
        auto promise = std::make_shared<std::promise<Result<seal::Committed>>>();
        batch.done = [promise](Result<seal::Committed> result) {
            promise->set_value(std::move(result));
        };
        auto future = promise->get_future();
        sealer.submit(std::move(batch));
        return future;
    }

    /// The text of the message `ids[i]`.
    static std::string text_of(std::size_t i) {
        return "Subject: message " + std::to_string(i) + "\r\n\r\nText " +
               std::string(200 + i, 'x') + "\r\n";
    }

    /// Runs SQL that changes something, as somebody with the database in his hands would; how many rows it was.
    std::int64_t tamper(std::string_view sql, store::Params params = {}) {
        const auto rows = connection_->run_counted(sql, params);
        EXPECT_TRUE(rows) << (rows ? "" : rows.error().text);
        return rows.value_or(0);
    }

    /// Changes one octet of a file.
    void flip(const fs::path& file, std::int64_t offset) const {
        auto bytes = read_file(directory_.path() / file);
        ASSERT_LT(static_cast<std::size_t>(offset), bytes.size());
        bytes[static_cast<std::size_t>(offset)] ^= 1;
        write_file(directory_.path() / file, bytes);
    }

    [[nodiscard]] StoredMessage message(std::size_t i) const {
        return catalogue().message(ids.at(i)).value().value();
    }

    [[nodiscard]] Catalogue catalogue() const { return {*connection_, *vault_}; }

    [[nodiscard]] seal::RecordReader reader() const {
        return {{.volumes_path = (directory_ / "volumes").string()}, *vault_};
    }

    /// The options of `bulla archive verify` here; `checkpoints`: files besides state/checkpoint.
    [[nodiscard]] Verifier::Options options(const std::vector<fs::path>& checkpoints = {}) const {
        Verifier::Options options{
            .log_key = load_log_key((directory_ / "state/log.pub").string()).value()};
        options.heads.push_back(
            load_head((directory_ / "state/checkpoint").string(), options.log_key).value());
        for (const auto& path : checkpoints) {
            options.heads.push_back(load_head(path.string(), options.log_key).value());
        }
        options.keys.kept.add(keys_.office->public_key());
        options.keys.kept.add(keys_.board->public_key());
        return options;
    }

    [[nodiscard]] store::Connection& connection() const { return *connection_; }

    [[nodiscard]] const vault::Vault& vault() const { return *vault_; }

    [[nodiscard]] const Keys& keys() const { return keys_; }

    [[nodiscard]] const TemporaryDirectory& directory() const { return directory_; }

    std::vector<MessageId> ids{};
    mutable SystemRandom random{};
    ManualClock clock{from_unix(1'795'000'000)};

  private:
    void open_database() {
        database_ = store::Database::open({.url = "sqlite://" + (directory_ / "bulla.db").string()},
                                          store::Access::read_write)
                        .value();
        connection_.emplace(database_->connect(store::Access::read_write).value());
    }

    const Keys& keys_;
    TemporaryDirectory directory_{};
    std::unique_ptr<store::Database> database_{};
    mutable std::optional<store::Connection> connection_{};
    std::optional<vault::Vault> vault_{};
};

}  // namespace bulla::archive::testing
