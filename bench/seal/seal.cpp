// folders: archive
// How fast messages are sealed on one core, beside a plain log that does the same to the bytes (zstd-3, AES-256-GCM, fdatasync a batch).
// One line of JSON: rates a second by the wall clock and (…_cpu) by processor time, everything pinned to one processor, and that of a
// bare signature.
//
//   bench_seal MESSAGE FOLDER [MESSAGES]        FOLDER: an empty one, for the instance and for the plain log
#include "archive/catalogue.h"
#include "archive/public_keys.h"
#include "archive/summary.h"
#include "crypto/digest.h"
#include "crypto/key.h"
#include "seal/entry.h"
#include "seal/sealer.h"
#include "store/migrations.h"

#include "../program.h"
#include <openssl/evp.h>

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <memory>
#include <mutex>
#include <optional>
#include <sched.h>
#include <string>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>
#include <zstd.h>

namespace {

using namespace bulla;  // NOLINT(google-build-using-namespace): a program, not a header
using Seconds = std::chrono::duration<double>;
constexpr std::size_t batch_size = 64;   // of the plain log
constexpr std::size_t group_size = 128;  // handed to the sealer at once; a run is at most 256

template <class T>
T value_of(Result<T> result) {
    if (!result) {
        give_up(std::string(result.error().code) + ": " + result.error().text);
    }
    return std::move(*result);
}

void pin_to_one_core() {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(0, &set);
    if (::sched_setaffinity(0, sizeof set, &set) != 0) {
        give_up("cannot pin to one processor");
    }
}

std::string read_file(const char* path) {
    std::ifstream in(path, std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(in), {}};
    if (text.empty()) {
        give_up(std::string("cannot read ") + path);
    }
    return text;
}

/// How often something was done, and the wall-clock and processor time that it took.
struct Spent {
    std::size_t count = 0;
    double wall = 0;
    double cpu = 0;

    Spent& operator+=(const Spent& other) {
        count += other.count;
        wall += other.wall;
        cpu += other.cpu;
        return *this;
    }
};

class Stopwatch {
  public:
    [[nodiscard]] Spent stop(std::size_t count) const {
        return {.count = count,
                .wall = Seconds(std::chrono::steady_clock::now() - start_).count(),
                .cpu = cpu_seconds() - cpu_start_};
    }

  private:
    static double cpu_seconds() {
        timespec now{};
        (void)::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
        return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
    }

    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
    double cpu_start_ = cpu_seconds();
};

/// Database, vault, log and sealer in an empty folder.
struct Instance {
    explicit Instance(const std::string& folder) {
        database = value_of(store::Database::open({.url = "sqlite://" + folder + "/bulla.db"},
                                                  store::Access::read_write));
        auto connection = value_of(database->connect(store::Access::read_write));
        (void)value_of(store::migrate(connection, clock));
        auto tx = value_of(store::Tx::begin(connection));
        vault.emplace(value_of(vault::Vault::create(
            tx, SecretBytes("passphrase"), random, {.passes = 1, .memory = 8192})));
        if (!tx.commit().committed() || ::mkdir((folder + "/state").c_str(), 0700) != 0) {
            give_up("cannot make the instance");
        }
        const seal::SealerOptions options{.volume_path = folder + "/volumes/main",
                                          .state_path = folder + "/state",
                                          .origin = "bench.example/bulla/0"};
        sealer = value_of(
            seal::Sealer::open(options,
                               *database,
                               *vault,
                               value_of(crypto::PrivateKey::generate(crypto::KeyType::ed25519)),
                               clock,
                               random));
    }

    SystemClock clock;
    SystemRandom random;
    MessageIds ids{clock, 0, 0};
    std::unique_ptr<store::Database> database;
    std::optional<vault::Vault> vault;
    std::unique_ptr<seal::Sealer> sealer;
};

/// Counts answers of the sealer.
class Answers {
  public:
    void expect(std::size_t count) {
        const std::scoped_lock lock(mutex_);
        open_ += count;
    }

    void arrive() {
        const std::scoped_lock lock(mutex_);
        --open_;
        changed_.notify_all();
    }

    void wait() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return open_ == 0; });
    }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::size_t open_ = 0;
};

/// What the flow does to an archived message after it was signed for DKIM: record, leaf, catalogue row, queue row and, with a signer, a
/// signature.
class SealBench {
  public:
    SealBench(Instance& instance, const std::string& message)
        : instance_(instance), message_(message) {
        archive::Summary summary;
        summary.subject = "A message";
        summary.from = "alice@example.com";
        summary.to = {"bob@example.org"};
        summary.recipients = {"bob@example.org"};
        summary_ = archive::write_summary(summary);
    }

    /// In groups of the same size with and without a signer, so that both share a sync and a transaction among as many.
    Spent seal(std::size_t count, const crypto::Signer* signer) {
        const Stopwatch watch;
        std::vector<seal::Batch> group;
        for (std::size_t done = 0; done < count; done += group_size) {
            for (std::size_t i = 0; i < group_size; ++i) {
                group.push_back(make_batch(signer));
            }
            answers_.wait();  // the group before: it was committed while this one was prepared
            answers_.expect(group.size());
            for (auto& batch : group) {
                instance_.sealer->submit(std::move(batch));
            }
            group.clear();
        }
        answers_.wait();
        return watch.stop(count);
    }

  private:
    seal::Batch make_batch(const crypto::Signer* signer) {
        const MessageId id = instance_.ids.next();
        seal::Batch batch;
        batch.records.push_back(
            seal::prepare_record(id, seal::RecordKind::received, message_, instance_.random));
        const auto digest = crypto::sha256(message_);
        seal::MessageEntry entry{
            .id = id,
            .time = instance_.clock.now(),
            .size = message_.size(),
            .commitment = seal::make_commitment_of_digest(
                seal::commitment_salt(batch.records[0].key), crypto::view(digest)),
            .signers = {}};
        archive::SignatureRow signature{.message = id, .signer = "bench"};
        if (signer != nullptr) {
            signature.key_fingerprint = signer->public_key().fingerprint();
            signature.algorithm = archive::signature_algorithm(signer->public_key().type());
            signature.signature = value_of(signer->sign_digest(crypto::view(digest)));
            signature.signed_at = entry.time;
            entry.signers.push_back("bench " + signature.key_fingerprint);
        }
        batch.leaves.push_back(seal::write_entry(entry));
        // As for a message that goes out: the run names its DKIM key too.
        batch.uses.push_back({.purpose = "dkim", .fingerprint = std::string(64, 'd')});
        if (signer != nullptr) {
            batch.uses.push_back({.purpose = "archive", .fingerprint = signature.key_fingerprint});
        }
        auto sealed = archive::seal_message(*instance_.vault,
                                            {.id = id,
                                             .archived = true,
                                             .role = "relay",
                                             .size = message_.size(),
                                             .summary = summary_,
                                             .trace = "[]"});
        batch.riders.push_back(
            [this,
             id,
             signed_too = signer != nullptr,
             signature = std::move(signature),
             sealed = std::move(sealed)](store::Tx& tx,
                                         const seal::Committed& committed) -> Result<void> {
                BULLA_CHECK(
                    archive::insert_message(tx,
                                            sealed,
                                            committed.addresses[0],
                                            static_cast<std::int64_t>(committed.leaf_indexes[0])));
                if (signed_too) {
                    BULLA_CHECK(archive::insert_signature(tx, signature));
                }
                return insert_delivery(tx, id, committed);
            });
        batch.done = [this](const Result<seal::Committed>& result) {
            if (!result) {
                give_up(result.error().text);
            }
            answers_.arrive();
        };
        return batch;
    }

    /// The row of the queue: where the message goes and what is added to it on the way.
    Result<void> insert_delivery(store::Tx& tx,
                                 MessageId id,
                                 const seal::Committed& committed) const {
        const auto& at = committed.addresses[0];
        const auto now = to_micros(committed.time);
        const auto payload = instance_.vault->seal(
            "queue_delivery/" + id.text(), std::string(400, 'p'), vault::Label::queue);
        return tx.run(
            "insert into queue_delivery (id, message_id, route, destination, state, next_attempt, "
            "attempts, created, expires, warned, owner, lease,"
            " attempt, volume, pack, pos, len, slot, own_record, last_error, payload) values (:id, "
            ":message_id, 'smarthost', 'example.org', 'queued', :next, 0,"
            " :created, :expires, 0, 0, 0, '', :volume, :pack, :pos, :len, :slot, 0, '', :payload)",
            {id.number(),
             id.number(),
             now,
             now,
             now,
             at.volume,
             at.pack,
             at.offset,
             at.length,
             at.slot,
             payload});
    }

    Instance& instance_;
    const std::string& message_;
    std::string summary_;
    Answers answers_;
};

/// The plain log: what any archive that compresses, encrypts and syncs must do at least.
Spent write_plain(const std::string& folder, const std::string& message, std::size_t count) {
    const std::string path = folder + "/plain.log";
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    const std::unique_ptr<ZSTD_CCtx, std::size_t (*)(ZSTD_CCtx*)> compressor(ZSTD_createCCtx(),
                                                                             ZSTD_freeCCtx);
    const std::unique_ptr<EVP_CIPHER_CTX, void (*)(EVP_CIPHER_CTX*)> cipher(EVP_CIPHER_CTX_new(),
                                                                            EVP_CIPHER_CTX_free);
    std::array<unsigned char, 32> key{};
    std::array<unsigned char, 12> nonce{};
    std::string packed(ZSTD_compressBound(message.size()), '\0');
    std::string run;
    const Stopwatch watch;
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t size = ZSTD_compressCCtx(
            compressor.get(), packed.data(), packed.size(), message.data(), message.size(), 3);
        const std::size_t at = run.size();
        run.resize(at + size + 16);
        int written = 0;
        nonce[0] = static_cast<unsigned char>(i);
        EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, key.data(), nonce.data());
        EVP_EncryptUpdate(cipher.get(),
                          reinterpret_cast<unsigned char*>(run.data() + at),
                          &written,
                          reinterpret_cast<const unsigned char*>(packed.data()),
                          static_cast<int>(size));
        EVP_EncryptFinal_ex(
            cipher.get(), reinterpret_cast<unsigned char*>(run.data() + at + size), &written);
        EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_AEAD_GET_TAG, 16, run.data() + at + size);
        if ((i + 1) % batch_size == 0 || i + 1 == count) {
            if (::write(fd, run.data(), run.size()) != static_cast<ssize_t>(run.size()) ||
                ::fdatasync(fd) != 0) {
                give_up("cannot write " + path);
            }
            run.clear();
        }
    }
    const auto spent = watch.stop(count);
    ::close(fd);
    ::unlink(path.c_str());
    return spent;
}

Spent sign(const crypto::Signer& signer, const std::string& message, std::size_t count) {
    const Stopwatch watch;
    for (std::size_t i = 0; i < count; ++i) {
        (void)value_of(signer.sign_message(message));
    }
    return watch.stop(count);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 3) {
        give_up("MESSAGE FOLDER [MESSAGES]");
    }
    pin_to_one_core();
    constexpr std::size_t chunk = 1280;
    const std::string message = read_file(argv[1]);
    const std::size_t count = argc > 3 ? parse_number<std::size_t>(argv[3]) : 6400;
    Instance instance(argv[2]);
    const auto signer = value_of(crypto::PrivateKey::generate(crypto::KeyType::p256));
    SealBench bench(instance, message);
    bench.seal(chunk, nullptr);  // warm
    Spent plain;
    Spent without;
    Spent with;
    Spent bare;
    // By turns, so that all meet the same machine.
    for (std::size_t done = 0; done < count; done += chunk) {
        plain += write_plain(argv[2], message, chunk);
        without += bench.seal(chunk, nullptr);
        with += bench.seal(chunk, signer.get());
        bare += sign(*signer, message, chunk);
    }
    const char* before = "{";
    for (const auto& [name, spent] : {std::pair{"plain", plain},
                                      {"unsigned", without},
                                      {"signed", with},
                                      {"signature", bare}}) {
        const auto number = static_cast<double>(spent.count);
        std::printf("%s\"%s\":%.1f,\"%s_cpu\":%.1f",
                    before,
                    name,
                    number / spent.wall,
                    name,
                    number / spent.cpu);
        before = ",";
    }
    std::puts("}");
    return 0;
}
