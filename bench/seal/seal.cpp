// folders: services
// How fast messages are sealed on one core, beside a plain log that does the same to the bytes (zstd-3, AES-256-GCM, fdatasync a batch).
// One line of JSON: wall-clock rates a second, everything pinned to one processor, and the cost of a bare signature.
//
//   bench_seal CONFIG MESSAGE FOLDER [MESSAGES]        CONFIG: bulla.toml of an instance that nobody uses; FOLDER: for the plain log
#include "archive/catalogue.h"
#include "archive/public_keys.h"
#include "archive/summary.h"
#include "crypto/key.h"
#include "seal/entry.h"
#include "services/instance.h"

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
#include <sched.h>
#include <string>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>
#include <zstd.h>

namespace {

using namespace bulla;  // NOLINT(google-build-using-namespace): a program, not a header
using Seconds = std::chrono::duration<double>;
constexpr std::size_t batch_size = 64;

[[noreturn]] void give_up(const std::string& why) {
    std::fprintf(stderr, "seal: %s\n", why.c_str());
    std::exit(1);
}

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

/// Counts answers of the sealer, so that no more than some are on their way.
class Window {
  public:
    void enter() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return open_ < 4 * batch_size; });
        ++open_;
    }

    void leave() {
        const std::lock_guard lock(mutex_);
        --open_;
        changed_.notify_all();
    }

    void wait_empty() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return open_ == 0; });
    }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::size_t open_ = 0;
};

/// What the flow does to an archived message after it was signed for DKIM: record, leaf, catalogue row and, with a signer, a signature.
class SealBench {
  public:
    SealBench(services::Instance& instance, const std::string& message)
        : instance_(instance), message_(message) {
        archive::Summary summary;
        summary.subject = "A message";
        summary.from = "alice@example.com";
        summary.to = {"bob@example.org"};
        summary.recipients = {"bob@example.org"};
        summary_ = archive::write_summary(summary);
    }

    double rate(std::size_t count, const crypto::Signer* signer) {
        const auto start = std::chrono::steady_clock::now();
        for (std::size_t i = 0; i < count; ++i) {
            window_.enter();
            submit(signer);
        }
        window_.wait_empty();
        return static_cast<double>(count) /
               Seconds(std::chrono::steady_clock::now() - start).count();
    }

  private:
    void submit(const crypto::Signer* signer) {
        const MessageId id = instance_.ids().next();
        seal::Batch batch;
        batch.records.push_back(
            seal::prepare_record(id, seal::RecordKind::received, message_, instance_.random()));
        seal::MessageEntry entry{.id = id,
                                 .time = instance_.clock().now(),
                                 .size = message_.size(),
                                 .commitment = seal::make_commitment(
                                     seal::commitment_salt(batch.records[0].key), message_),
                                 .signers = {}};
        archive::SignatureRow signature{.message = id, .signer = "bench"};
        if (signer != nullptr) {
            signature.key_fingerprint = signer->public_key().fingerprint();
            signature.algorithm = archive::signature_algorithm(signer->public_key().type());
            signature.signature = value_of(signer->sign_message(message_));
            signature.signed_at = entry.time;
            entry.signers.push_back("bench " + signature.key_fingerprint);
        }
        batch.leaves.push_back(seal::write_entry(entry));
        batch.riders.push_back(
            [this, id, signed_too = signer != nullptr, signature = std::move(signature)](
                store::Tx& tx, const seal::Committed& committed) -> Result<void> {
                archive::MessageRow row{.id = id,
                                        .archived = true,
                                        .role = "relay",
                                        .size = message_.size(),
                                        .summary = summary_,
                                        .trace = "[]"};
                row.leaf = static_cast<std::int64_t>(committed.leaf_indexes[0]);
                row.address = committed.addresses[0];
                BULLA_CHECK(archive::insert_message(tx, instance_.vault(), row));
                return signed_too ? archive::insert_signature(tx, signature) : Result<void>{};
            });
        batch.done = [this](const Result<seal::Committed>& result) {
            if (!result) {
                give_up(result.error().text);
            }
            window_.leave();
        };
        instance_.sealer().submit(std::move(batch));
    }

    services::Instance& instance_;
    const std::string& message_;
    std::string summary_;
    Window window_;
};

/// The plain log: what any archive that compresses, encrypts and syncs must do at least.
double plain_rate(const std::string& folder, const std::string& message, std::size_t count) {
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
    const auto start = std::chrono::steady_clock::now();
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
    const double rate =
        static_cast<double>(count) / Seconds(std::chrono::steady_clock::now() - start).count();
    ::close(fd);
    ::unlink(path.c_str());
    return rate;
}

double signature_rate(const crypto::Signer& signer, const std::string& message) {
    constexpr std::size_t count = 4000;
    const auto start = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < count; ++i) {
        (void)value_of(signer.sign_message(message));
    }
    return static_cast<double>(count) / Seconds(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 4) {
        std::fputs("bench_seal CONFIG MESSAGE FOLDER [MESSAGES]\n", stderr);
        return 2;
    }
    pin_to_one_core();
    const std::string message = read_file(argv[2]);
    const std::size_t count = argc > 4 ? static_cast<std::size_t>(std::atol(argv[4])) : 6400;
    SystemClock clock;
    SystemRandom random;
    const auto config = value_of(config::load_config(argv[1]));
    const auto instance = value_of(
        services::Instance::open(config, {.mode = services::OpenMode::owner}, clock, random));
    const auto signer = value_of(crypto::PrivateKey::generate(crypto::KeyType::p256));
    SealBench bench(*instance, message);
    bench.rate(count / 10, nullptr);  // warm
    const double plain = plain_rate(argv[3], message, count);
    const double without = bench.rate(count, nullptr);
    const double with = bench.rate(count, signer.get());
    std::printf("{\"plain\":%.1f,\"unsigned\":%.1f,\"signed\":%.1f,\"signature\":%.1f}\n",
                plain,
                without,
                with,
                signature_rate(*signer, message));
    return 0;
}
