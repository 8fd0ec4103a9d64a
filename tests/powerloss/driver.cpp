// The program whose power is cut: seals messages from several threads and writes an acknowledgement for each. "driver verify" then looks
// at what is left and says whether every acknowledgement was kept.
#include "base/encoding.h"
#include "seal/entry.h"
#include "seal/sealer.h"
#include "store/migrations.h"
#include "tlog/tree.h"

#include <atomic>
#include <cstdio>
#include <fcntl.h>
#include <fstream>
#include <map>
#include <set>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

namespace {

using namespace bulla;

constexpr std::string_view origin = "test.example/bulla/0";

[[noreturn]] void die(const std::string& text) {
    std::fprintf(stderr, "%s\n", text.c_str());
    std::_Exit(1);
}

template <class T>
T must(Result<T> result, std::string_view what) {
    if (!result) {
        die(std::string(what) + ": " + std::string(result.error().code) + ": " +
            result.error().text);
    }
    if constexpr (!std::is_void_v<T>) {
        return std::move(*result);
    }
}

/// The text of message `id`: whoever knows the number knows the text. Some are large, some do not compress.
std::string text_of(std::int64_t id) {
    const auto size =
        id % 37 == 0 ? (1U << 20U) + 100 : static_cast<std::uint64_t>(id * 7919 % 9000);
    std::string text = "Message " + std::to_string(id) + "\r\n";
    auto state = static_cast<std::uint64_t>(id) * 0x9E3779B97F4A7C15U + 1;
    while (text.size() < size) {
        state = state * 6364136223846793005U + 1442695040888963407U;
        if (id % 2 == 0 && text.size() < 20'000) {
            put_u64(text, state);
        } else {
            text.append("the same line again and again\r\n");
        }
    }
    return text;
}

struct Instance {
    explicit Instance(const std::string& chosen) : path(chosen) {
        database = must(store::Database::open(
                            {.url = "sqlite://" + path + "/bulla.db", .checkpoint_pages = 100},
                            store::Access::read_write),
                        "database");
        auto connection = must(database->connect(store::Access::read_write), "connection");
        must(store::migrate(connection, clock), "migration");
        const SecretBytes passphrase("passphrase");
        if (must(store::has_table(connection, "vault_root"), "table") &&
            !std::get<0>(
                *must(connection.query_first<std::int64_t>("select count(*) from vault_root"),
                      "count"))) {
            auto tx = must(store::Tx::begin(connection), "begin");
            vault.emplace(
                must(vault::Vault::create(tx, passphrase, random, {.passes = 1, .memory = 8192}),
                     "vault"));
            must(tx.finish(), "vault");
        } else {
            vault.emplace(must(vault::Vault::open(connection, passphrase, random), "vault"));
        }
        log_key = load_key(path + ".key");
        sealer = must(seal::Sealer::open({.volume_path = path + "/volumes/main",
                                          .state_path = path + "/state",
                                          .origin = std::string(origin),
                                          .max_pack_bytes = 200'000},
                                         *database,
                                         *vault,
                                         log_key,
                                         clock,
                                         random),
                      "sealer");
    }

    static std::shared_ptr<const crypto::Signer> load_key(const std::string& file) {
        if (auto key = crypto::load_private_key(file); key) {
            return *key;
        }
        const auto key = must(crypto::PrivateKey::generate(crypto::KeyType::ed25519), "key");
        const int fd = ::open(file.c_str(), O_CREAT | O_EXCL | O_WRONLY, 0600);
        const auto pem = key->pem();
        if (::write(fd, pem.view().data(), pem.size()) < 0) {
            die("cannot write the key");
        }
        ::close(fd);
        return key;
    }

    std::string path;
    SystemClock clock;
    SystemRandom random;
    std::unique_ptr<store::Database> database;
    std::optional<vault::Vault> vault;
    std::shared_ptr<const crypto::Signer> log_key;
    std::unique_ptr<seal::Sealer> sealer;
};

void acknowledge(int fd, const std::string& line) {
    if (::write(fd, line.data(), line.size()) < 0) {
        die("cannot acknowledge");
    }
}

seal::Rider insert_row(std::int64_t id, std::size_t size) {
    return [id, size](store::Tx& tx, const seal::Committed& committed) {
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
    };
}

seal::Address seal_one(Instance& instance, std::int64_t id, int acks) {
    const auto text = text_of(id);
    seal::Batch batch;
    batch.records.push_back(
        must(instance.sealer->prepare(MessageId(id), seal::RecordKind::received, text), "prepare"));
    batch.leaves.push_back(seal::write_entry(seal::MessageEntry{
        .id = MessageId(id),
        .time = instance.clock.now(),
        .size = text.size(),
        .commitment = seal::make_commitment(seal::commitment_salt(batch.records[0].key), text),
        .signers = {}}));
    batch.riders.push_back(insert_row(id, text.size()));
    const auto committed = must(instance.sealer->commit(std::move(batch)), "commit");
    acknowledge(
        acks,
        "sealed " + std::to_string(id) + " " + std::to_string(committed.leaf_indexes[0]) + "\n");
    return committed.addresses[0];
}

void shred_one(Instance& instance, std::int64_t id, const seal::Address& address, int acks) {
    seal::Batch batch;
    batch.shred.push_back(address);
    batch.riders.emplace_back([id](store::Tx& tx, const seal::Committed&) {
        return tx.run("update message set archived = 0 where id = :id", {id});
    });
    must(instance.sealer->commit(std::move(batch)), "shred");
    acknowledge(acks, "shredded " + std::to_string(id) + "\n");
}

int work(const std::string& path, const std::string& acks_path, std::int64_t count) {
    const int acks = ::open(acks_path.c_str(), O_CREAT | O_WRONLY | O_APPEND, 0600);
    if (::mkdir((path + "/state").c_str(), 0700) != 0) {
        die("cannot make the state directory");
    }
    Instance instance(path);
    const int folder = ::open(path.c_str(), O_RDONLY | O_DIRECTORY);
    if (::fsync(folder) != 0) {
        die("cannot sync the directory");
    }
    acknowledge(acks, "ready\n");
    std::atomic<std::int64_t> next = 1;
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&] {
            for (auto id = next++; id <= count; id = next++) {
                const auto address = seal_one(instance, id, acks);
                if (id % 5 == 0) {
                    shred_one(instance, id, address, acks);
                }
            }
        });
    }
    for (auto& thread : threads) {
        thread.join();
    }
    return 0;
}

struct Row {
    std::int64_t leaf = 0, archived = 0;
    seal::Address address;
};

std::map<std::int64_t, Row> load_rows(store::Connection& connection) {
    std::map<std::int64_t, Row> rows;
    using I = std::int64_t;
    must(connection.visit<I, I, I, std::string, I, I, I, I>(
             "select id, leaf, archived, volume, pack, pos, len, slot from message",
             {},
             [&](auto row) {
                 auto& [id, leaf, archived, volume, pack, pos, len, slot] = row;
                 rows[id] = {.leaf = leaf,
                             .archived = archived,
                             .address = {.volume = volume,
                                         .pack = pack,
                                         .offset = pos,
                                         .length = len,
                                         .slot = slot}};
                 return true;
             }),
         "rows");
    return rows;
}

/// Every row names a record that reads back as it was and is what its leaf says, or one whose key is gone.
void verify_rows(Instance& instance,
                 store::Connection& connection,
                 const std::map<std::int64_t, Row>& rows) {
    const seal::RecordReader reader({.volumes_path = instance.path + "/volumes"}, *instance.vault);
    for (const auto& [id, row] : rows) {
        const auto read = reader.read(row.address, MessageId(id), seal::RecordKind::received);
        if (row.archived == 0) {
            if (read || read.error().code != "pack.shredded") {
                die("message " + std::to_string(id) + " was shredded and is not");
            }
            continue;
        }
        if (!read || read->plain != text_of(id)) {
            die("message " + std::to_string(id) +
                " is lost: " + (read ? std::string("other text") : read.error().text));
        }
        const auto entry = must(connection.query_first<std::string>(
                                    "select entry from log_leaf where idx = :idx", {row.leaf}),
                                "leaf");
        if (!entry || must(seal::parse_message_entry(std::get<0>(*entry)), "entry").commitment !=
                          seal::make_commitment(read->salt, read->plain)) {
            die("message " + std::to_string(id) + " is not what its leaf says");
        }
    }
}

void verify_log(Instance& instance, store::Connection& connection) {
    tlog::Frontier frontier;
    std::vector<tlog::Tile> full;
    must(connection.visit<std::string>("select entry from log_leaf order by idx",
                                       {},
                                       [&](auto row) {
                                           frontier.append(tlog::leaf_hash(std::get<0>(row)), full);
                                           return true;
                                       }),
         "leaves");
    if (frontier.size() == 0) {
        return;
    }
    const auto checkpoint = must(
        tlog::open_checkpoint(instance.sealer->checkpoint(),
                              {.name = std::string(origin), .key = instance.log_key->public_key()}),
        "checkpoint");
    if (checkpoint.size != frontier.size() || checkpoint.root != frontier.root()) {
        die("the log is not what its checkpoint says");
    }
}

int verify(const std::string& path, const std::string& acks_path) {
    Instance instance(path);
    auto connection = must(instance.database->connect(store::Access::read_write), "connection");
    const auto rows = load_rows(connection);
    std::ifstream acks(acks_path);
    std::string word;
    std::int64_t id = 0;
    std::int64_t leaf = 0;
    while (acks >> word) {
        if (word == "sealed" && acks >> id >> leaf &&
            (!rows.contains(id) || rows.at(id).leaf != leaf)) {
            die("message " + std::to_string(id) + " was acknowledged and is lost");
        }
        if (word == "shredded" && acks >> id && rows.at(id).archived != 0) {
            die("shredding of message " + std::to_string(id) + " was acknowledged and is lost");
        }
    }
    verify_rows(instance, connection, rows);
    verify_log(instance, connection);
    const int devnull = ::open("/dev/null", O_WRONLY);
    seal_one(instance, 1'000'000, devnull);
    std::printf("%zu messages\n", rows.size());
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> words(argv + 1, argv + argc);
    if (words.size() == 4 && words[0] == "work") {
        return work(words[1], words[2], std::stoll(words[3]));
    }
    if (words.size() == 3 && words[0] == "verify") {
        return verify(words[1], words[2]);
    }
    std::fprintf(stderr, "driver work DIR ACKS COUNT | driver verify DIR ACKS\n");
    return 2;
}
