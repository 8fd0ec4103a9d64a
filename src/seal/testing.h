#pragma once
#include "seal/files.h"
#include "seal/log_edge.h"
#include "seal/sealer.h"
#include "store/migrations.h"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unistd.h>

/// What the tests of sealing share.
namespace bulla::seal::testing {

/// Files whose Nth operation fails, from then on once or for ever.
class FailingFiles final : public FileOps {
  public:
    /// Operation number `nth` (from 1) and the `width` - 1 after it fail with `code`.
    void fail_at(int nth, std::string_view code = "seal.file", int width = 1) {
        nth_ = nth;
        width_ = width;
        code_ = code;
        count_ = 0;
    }

    /// The next sync of a pack fails, whatever else is written meanwhile.
    void fail_pack_sync() { fail_pack_sync_ = true; }

    [[nodiscard]] int count() const { return count_; }

    Result<File> create(const std::string& path) override {
        BULLA_CHECK(step());
        return FileOps::system().create(path);
    }

    Result<File> open_existing(const std::string& path) override {
        BULLA_CHECK(step());
        return FileOps::system().open_existing(path);
    }

    Result<void> write(const File& file,
                       std::span<const std::string_view> pieces,
                       std::int64_t offset) override {
        if (auto failed = step(); !failed) {
            // As a full disk does it: a part was written.
            std::ignore = FileOps::system().write(file, pieces.first(pieces.size() / 2), offset);
            return failed;
        }
        return FileOps::system().write(file, pieces, offset);
    }

    Result<void> sync(const File& file) override {
        BULLA_CHECK(step());
        const auto link = "/proc/self/fd/" + std::to_string(file.descriptor());
        if (fail_pack_sync_ && std::filesystem::read_symlink(link).extension() == ".pack") {
            fail_pack_sync_ = false;
            return fail("seal.file", Fault::temporary, "the test lets this sync fail");
        }
        return FileOps::system().sync(file);
    }

    Result<void> sync_folder(const std::string& path) override {
        BULLA_CHECK(step());
        return FileOps::system().sync_folder(path);
    }

    Result<void> rename(const std::string& from, const std::string& to) override {
        BULLA_CHECK(step());
        return FileOps::system().rename(from, to);
    }

    void remove(const std::string& path) override { FileOps::system().remove(path); }

  private:
    Result<void> step() {
        const int now = ++count_;
        if (now >= nth_ && now < nth_ + width_) {
            return fail(code_, Fault::temporary, "the test lets this operation fail");
        }
        return {};
    }

    std::atomic<int> nth_ = 0, width_ = 0, count_ = 0;
    std::atomic<bool> fail_pack_sync_ = false;
    std::string_view code_;
};

/// A directory with database, vault and log key; goes when the test ends.
class Instance {
  public:
    Instance()
        : path_(make_path()),
          log_key_(crypto::PrivateKey::generate(crypto::KeyType::ed25519).value()) {
        open_database();
        auto connection = database_->connect(store::Access::read_write).value();
        EXPECT_TRUE(store::migrate(connection, clock).has_value());
        auto tx = store::Tx::begin(connection).value();
        vault_.emplace(vault::Vault::create(
                           tx, SecretBytes("passphrase"), random, {.passes = 1, .memory = 8192})
                           .value());
        EXPECT_TRUE(tx.finish().has_value());
        std::filesystem::create_directory(path_ / "state");
    }

    ~Instance() {
        database_.reset();
        std::filesystem::remove_all(path_);
    }

    Instance(const Instance&) = delete;
    Instance& operator=(const Instance&) = delete;

    void open_database() {
        database_ = store::Database::open({.url = "sqlite://" + (path_ / "bulla.db").string()},
                                          store::Access::read_write)
                        .value();
    }

    void close_database() { database_.reset(); }

    [[nodiscard]] SealerOptions options() {
        return {.volume_path = (path_ / "volumes" / "main").string(),
                .state_path = (path_ / "state").string(),
                .origin = "test.example/bulla/0",
                .files = &files};
    }

    [[nodiscard]] Result<std::unique_ptr<Sealer>> try_open(const SealerOptions& options) {
        return Sealer::open(options, *database_, *vault_, log_key_, clock, random);
    }

    [[nodiscard]] std::unique_ptr<Sealer> open() { return try_open(options()).value(); }

    [[nodiscard]] RecordReader reader(std::uint64_t max_plain_bytes = 1U << 30U) {
        return {{.volumes_path = (path_ / "volumes").string(), .max_plain_bytes = max_plain_bytes},
                *vault_};
    }

    [[nodiscard]] store::Database& database() { return *database_; }

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

    [[nodiscard]] tlog::VerifierKey log_verifier() const {
        return {.name = "test.example/bulla/0", .key = log_key_->public_key()};
    }

    [[nodiscard]] LogIdentity log_identity() const {
        return {.origin = "test.example/bulla/0", .signer = log_key_};
    }

    /// The first cell of the first row of a query for one number.
    [[nodiscard]] std::int64_t number(std::string_view sql) {
        auto connection = database_->connect(store::Access::read_only).value();
        return std::get<0>(connection.query_first<std::int64_t>(sql).value().value());
    }

    SystemRandom random;
    ManualClock clock{from_unix(1'795'000'000)};
    FailingFiles files;

  private:
    static std::filesystem::path make_path() {
        auto name = (std::filesystem::temp_directory_path() / "bulla-seal-XXXXXX").string();
        EXPECT_NE(::mkdtemp(name.data()), nullptr);
        return name;
    }

    std::filesystem::path path_;
    std::shared_ptr<const crypto::Signer> log_key_;
    std::unique_ptr<store::Database> database_;
    std::optional<vault::Vault> vault_;
};

/// A batch with one record of `text`, one leaf and a row that names the message.
inline Batch make_batch(std::int64_t id, const std::string& text, Random& random) {
    Batch batch;
    batch.records.push_back(prepare_record(MessageId(id), RecordKind::received, text, random));
    batch.leaves.push_back("leaf " + std::to_string(id) + "\n");
    batch.riders.emplace_back([id, size = text.size()](store::Tx& tx, const Committed& committed) {
        const auto& at = committed.addresses[0];
        return tx.run(
            "insert into message (id, leaf, archived, role, size, volume, pack, pos, len, slot, "
            "summary, trace)"
            " values (:id, :leaf, 1, 'relay', :size, :volume, :pack, :pos, :len, :slot, '', '')",
            {id,
             committed.leaf_indexes[0],
             size,
             at.volume,
             at.pack,
             at.offset,
             at.length,
             at.slot});
    });
    return batch;
}

}  // namespace bulla::seal::testing
