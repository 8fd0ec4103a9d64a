#include "archive/testing.h"
#include "archive/verify.h"
#include "base/encoding.h"
#include "tlog/note.h"

#include <gtest/gtest.h>

#include <fmt/format.h>
#include <functional>

// The table of docs/tamper-table.md: every row is a case here.

namespace bulla::archive::testing {
namespace {

constexpr std::size_t message_count = 280;  // more than a tile
constexpr std::size_t older_count = 200;

/// One archive for all cases, and an older copy of it; each case tampers with a copy of its own.
struct Originals {
    Keys keys{};
    TemporaryDirectory whole{};
    TemporaryDirectory older{};
    std::vector<MessageId> ids{};
    Time now{};

    Originals() {
        Instance instance(keys);
        instance.fill(older_count);
        fs::copy(instance.directory().path(), older.path(), fs::copy_options::recursive);
        instance.fill(message_count - older_count);
        fs::copy(instance.directory().path(), whole.path(), fs::copy_options::recursive);
        ids = instance.ids;
        now = instance.clock.now();
    }
};

const Originals& originals() {
    static const Originals all;
    return all;
}

std::unique_ptr<Instance> copy_of(const fs::path& original) {
    auto instance = std::make_unique<Instance>(originals().keys, original);
    instance->ids = originals().ids;
    instance->clock.set(originals().now);
    return instance;
}

/// What a verification of everything said.
struct Said {
    ArchiveReport archive;
    std::vector<MessageReport> messages{};
    std::string words{};
};

Said verify_everything(const Instance& instance, const std::vector<fs::path>& checkpoints = {}) {
    const auto records = instance.reader();
    Verifier verifier(
        instance.connection(), instance.vault(), records, instance.options(checkpoints));
    Said said;
    SweepOptions options{.threads = 2};
    options.report = [&](const MessageReport& report) { said.messages.push_back(report); };
    said.archive = verifier.verify_all(options).value();
    const auto tell = [&](const std::string& of, const Findings& findings) {
        for (const auto& finding : findings.list()) {
            said.words += fmt::format("{}{}: {}\n", of, finding.check, finding.text);
        }
    };
    tell("", said.archive.log);
    for (const auto& report : said.messages) {
        tell(report.id.text() + " ", report.findings);
    }
    return said;
}

MessageReport verify_one(const Instance& instance, std::size_t i) {
    const auto records = instance.reader();
    return Verifier(instance.connection(), instance.vault(), records, instance.options())
        .verify_message(instance.ids.at(i))
        .value();
}

std::string words_of(const MessageReport& report) {
    std::string words;
    for (const auto& finding : report.findings.list()) {
        words += fmt::format("{}: {}\n", finding.check, finding.text);
    }
    return words;
}

TEST(Tamper, c2_11_an_untouched_archive_verifies) {
    const auto instance = copy_of(originals().whole.path());
    const auto said = verify_everything(*instance);
    EXPECT_TRUE(said.archive.verified()) << said.words;
    EXPECT_EQ(said.words, "");
    EXPECT_EQ(said.archive.messages, message_count);
    EXPECT_GT(said.archive.signatures, message_count * 2 / 3);
    for (const std::size_t i : {0U, 2U, 4U, 255U, 256U, 279U}) {
        const auto report = verify_one(*instance, i);
        EXPECT_TRUE(report.verified()) << words_of(report);
        EXPECT_GE(report.findings.list().size(), 6U) << words_of(report);
    }
    EXPECT_TRUE(verify_everything(*copy_of(originals().older.path())).archive.verified());
}

/// A row of the table. `one` is the message that does not verify by itself; none: only the whole log shows it.
struct Case {
    std::string name;
    std::function<void(Instance&)> tamper;
    std::vector<std::string> words;
    std::optional<std::size_t> one{};
};

class TamperTable : public ::testing::TestWithParam<Case> {};

TEST_P(TamperTable, c2_11_ARC_03_ARC_20_is_found_and_named) {
    const auto& [name, tamper, words, one] = GetParam();
    const auto instance = copy_of(originals().whole.path());
    tamper(*instance);
    const auto said = verify_everything(*instance);
    EXPECT_FALSE(said.archive.verified());
    for (const auto& word : words) {
        EXPECT_NE(said.words.find(word), std::string::npos) << word << " is not said, but:\n"
                                                            << said.words;
    }
    if (one) {
        EXPECT_FALSE(verify_one(*instance, *one).verified());
        const bool by_leaf = said.archive.failed == 0;
        EXPECT_NE(said.words.find(by_leaf ? fmt::format("leaf {}", *one)
                                          : originals().ids.at(*one).text()),
                  std::string::npos)
            << said.words;
    }
    // What was not touched still verifies by itself.
    EXPECT_LE(said.archive.failed, 2U) << said.words;
}

constexpr std::size_t at = 100;  // ids.size() was 101: signed by "office" alone

std::int64_t id_of(std::size_t i) {
    return originals().ids.at(i).number();
}

std::string pack_file(const seal::Address& address) {
    return fmt::format("volumes/{}/{}.pack", address.volume, address.pack);
}

std::string keys_file(const seal::Address& address) {
    return fmt::format("volumes/{}/{}.keys", address.volume, address.pack);
}

std::int64_t slot_offset(const seal::Address& address) {
    return 128 + 64 * address.slot;
}

void exchange_leaves(Instance& instance) {
    instance.tamper("update log_leaf set idx = -1 where idx = 100");
    instance.tamper("update log_leaf set idx = 100 where idx = 101");
    instance.tamper("update log_leaf set idx = 101 where idx = -1");
}

void set_entry(Instance& instance, std::uint64_t leaf, const std::string& entry) {
    EXPECT_EQ(instance.tamper("update log_leaf set entry = :entry, hash = :hash where idx = :idx",
                              {entry, tlog::write_hash(tlog::leaf_hash(entry)), leaf}),
              1);
}

/// Puts another text in the place of a message, with a good signature: what the holder of the vault and of the signer's key can do.
/// Gives the entry that the log would have to have.
std::string replace_message(Instance& instance, std::size_t i) {
    auto text = Instance::text_of(i);
    text.replace(text.find("xxxx"), 4, "yyyy");
    const auto id = instance.ids.at(i);
    seal::Batch batch;
    batch.records.push_back(
        seal::prepare_record(id, seal::RecordKind::received, text, instance.random));
    const auto commitment =
        seal::make_commitment(seal::commitment_salt(batch.records[0].key), text);
    const auto signature = base64_encode(instance.keys().office->sign_message(text).value());
    batch.riders.emplace_back([id, signature](store::Tx& tx,
                                              const seal::Committed& committed) -> Result<void> {
        const auto& place = committed.addresses[0];
        BULLA_CHECK(tx.run(
            "update message set pack = :pack, pos = :pos, len = :len, slot = :slot where id = :id",
            {place.pack, place.offset, place.length, place.slot, id.number()}));
        return tx.run("update message_signature set signature = :signature where message_id = :id",
                      {signature, id.number()});
    });
    EXPECT_TRUE(instance.open_sealer()->commit(std::move(batch)));
    auto entry =
        seal::parse_message_entry(LogRows(instance.connection()).leaves(i, 1).value().at(0).entry)
            .value();
    entry.commitment = commitment;
    return seal::write_entry(entry);
}

/// Makes tiles and one signed checkpoint anew from the leaves as they are now: what the holder of the log's key can do.
void sign_log_anew(Instance& instance) {
    const auto rows = LogRows(instance.connection()).leaves(0, 100000).value();
    tlog::Frontier frontier;
    std::vector<tlog::Tile> tiles;
    for (const auto& row : rows) {
        frontier.append(tlog::leaf_hash(row.entry), tiles);
    }
    instance.tamper("delete from log_tile");
    instance.tamper("delete from log_checkpoint");
    for (const auto& tile : tiles) {
        const auto data = base64_encode(tlog::write_tile(tile.hashes));
        instance.tamper("insert into log_tile (level, idx, data) values (:level, :idx, :data)",
                        {tile.level, tile.index, data});
    }
    const auto text =
        tlog::write_checkpoint({std::string(Instance::origin), frontier.size(), frontier.root()});
    const auto note = tlog::sign_note(text, Instance::origin, *instance.keys().log).value();
    instance.tamper("insert into log_checkpoint (size, at, note) values (:size, 0, :note)",
                    {frontier.size(), note});
    write_file(instance.directory() / "state/checkpoint", note);
}

const std::vector<Case> cases{
    {"a_byte_of_a_pack",
     [](Instance& i) {
         i.flip(pack_file(i.message(at).row.address), i.message(at).row.address.offset + 80);
     },
     {"record: the message at"},
     at},
    {"a_byte_of_a_key_slot",
     [](Instance& i) {
         i.flip(keys_file(i.message(at).row.address), slot_offset(i.message(at).row.address) + 20);
     },
     {"record: the message at"},
     at},
    {"a_destroyed_key_slot",
     [](Instance& i) {
         const auto address = i.message(at).row.address;
         auto bytes = read_file(i.directory() / keys_file(address));
         bytes.replace(static_cast<std::size_t>(slot_offset(address)), 64, std::string(64, '\0'));
         write_file(i.directory() / keys_file(address), bytes);
     },
     {"record: the message at", "destroyed"},
     at},
    {"two_key_slots_exchanged",
     [](Instance& i) {
         const auto address = i.message(at).row.address;
         auto bytes = read_file(i.directory() / keys_file(address));
         const auto first = static_cast<std::size_t>(slot_offset(address));
         const auto slot = bytes.substr(first, 64);
         bytes.replace(first, 64, bytes.substr(first + 64, 64));
         bytes.replace(first + 64, 64, slot);
         write_file(i.directory() / keys_file(address), bytes);
     },
     {"record: the message at"},
     at},
    {"a_byte_of_a_signature",
     [](Instance& i) {
         auto signature = i.catalogue().signatures(i.ids[at]).value().at(0).signature;
         signature.back() ^= 1;
         i.tamper("update message_signature set signature = :signature where message_id = :id",
                  {base64_encode(signature), id_of(at)});
     },
     {"signature: that of office", "does not fit the message"},
     at},
    {"signatures_of_two_messages_exchanged",
     [](Instance& i) {
         const auto one =
             base64_encode(i.catalogue().signatures(i.ids[at]).value().at(0).signature);
         const auto two =
             base64_encode(i.catalogue().signatures(i.ids[at + 2]).value().at(0).signature);
         i.tamper("update message_signature set signature = :signature where message_id = :id",
                  {two, id_of(at)});
         i.tamper("update message_signature set signature = :signature where message_id = :id",
                  {one, id_of(at + 2)});
     },
     {"signature: that of office", "does not fit the message"},
     at},
    {"a_deleted_signature",
     [](Instance& i) {
         EXPECT_EQ(i.tamper("delete from message_signature where message_id = :id", {id_of(at)}),
                   1);
     },
     {"signature: that of office is missing"},
     at},
    {"an_added_signature",
     [](Instance& i) {
         auto row = i.catalogue().signatures(i.ids[at]).value().at(0);
         i.tamper(
             "insert into message_signature (message_id, signer_id, algorithm, key_fingerprint, "
             "signature, signed_at) values "
             "(:id, 'later', :algorithm, :fingerprint, :signature, 0)",
             {id_of(at), row.algorithm, row.key_fingerprint, base64_encode(row.signature)});
     },
     {"signature: that of later is not named by the log"},
     at},
    {"a_signature_of_another_key",
     [](Instance& i) {
         const auto& board = *i.keys().board;
         const auto signature = base64_encode(board.sign_message(Instance::text_of(at)).value());
         i.tamper(
             "update message_signature set algorithm = 'ed25519', key_fingerprint = :fingerprint, "
             "signature = :signature where message_id = :id",
             {board.public_key().fingerprint(), signature, id_of(at)});
     },
     {"signature: that of office names key", "the log names key"},
     at},
    {"another_algorithm",
     [](Instance& i) {
         i.tamper("update message_signature set algorithm = 'rsa-sha256' where message_id = :id",
                  {id_of(at)});
     },
     {"signature: that of office says algorithm rsa-sha256"},
     at},
    {"another_size",
     [](Instance& i) {
         i.tamper("update message set size = size + 1 where id = :id", {id_of(at)});
     },
     {"row: the row says"},
     at},
    {"another_subject",
     [](Instance& i) {
         i.tamper(
             "update message set summary = :summary where id = :id",
             {i.vault().seal(
                  fmt::format("message/{}/summary", id_of(at + 1)), "{}", vault::Label::catalogue),
              id_of(at)});
     },
     {"catalogue: the subject, addresses or trace were changed"},
     at},
    {"another_event",
     [](Instance& i) {
         i.tamper("update message_event set detail = 'AAAA' where message_id = :id", {id_of(at)});
     },
     {"catalogue: event 1 (accepted) was changed"},
     at},
    {"a_message_that_is_said_not_to_be_archived",
     [](Instance& i) {
         i.tamper("update message set leaf = -1, archived = 0 where id = :id", {id_of(at)});
     },
     {"row: leaf 100 of the log is that of message", "whose row names leaf -1"},
     at},
    {"a_deleted_row",
     [](Instance& i) { EXPECT_EQ(i.tamper("delete from message where id = :id", {id_of(at)}), 1); },
     {"was deleted: leaf 100 of the log is its own"},
     at},
    {"an_added_row",
     [](Instance& i) {
         i.tamper(
             "insert into message (id, leaf, archived, role, size, volume, pack, pos, len, slot, "
             "summary, trace) select id + 1, leaf, archived, "
             "role, size, volume, pack, pos, len, slot, summary, trace from message where id = :id",
             {id_of(at)});
     },
     {"names leaf 100, which is that of message"}},
    {"two_rows_exchanged",
     [](Instance& i) {
         i.tamper("update message set id = 1 where id = :id", {id_of(at)});
         i.tamper("update message set id = :new where id = :old", {id_of(at), id_of(at + 1)});
         i.tamper("update message set id = :new where id = 1", {id_of(at + 1)});
     },
     {"rows or leaves were exchanged"},
     at},
    {"the_places_of_two_rows_exchanged",
     [](Instance& i) {
         const auto one = i.message(at).row.address;
         const auto two = i.message(at + 1).row.address;
         const auto set = [&](const seal::Address& to, std::int64_t id) {
             i.tamper(
                 "update message set pack = :pack, pos = :pos, len = :len, slot = :slot where id = "
                 ":id",
                 {to.pack, to.offset, to.length, to.slot, id});
         };
         set(two, id_of(at));
         set(one, id_of(at + 1));
     },
     {"record: the message at"},
     at},
    {"the_text_of_a_leaf",
     [](Instance& i) {
         i.tamper(
             "update log_leaf set entry = replace(entry, 'time 20', 'time 19') where idx = 100");
     },
     {"leaf: the text of leaf 100 is not the one that its hash is of",
      "log: the root of the first"},
     at},
    {"the_hash_of_a_leaf",
     [](Instance& i) {
         i.tamper(
             "update log_leaf set hash = (select hash from log_leaf where idx = 99) where idx = "
             "100");
     },
     {"leaf: the text of leaf 100 is not the one that its hash is of"},
     at},
    {"text_and_hash_of_a_leaf",
     [](Instance& i) {
         auto entry =
             seal::parse_message_entry(LogRows(i.connection()).leaves(at, 1).value().at(0).entry)
                 .value();
         entry.time -= std::chrono::hours(24);
         set_entry(i, at, seal::write_entry(entry));
     },
     {"log: the root of the first",
      "log: tile 0 of level 0 is not made of the leaves",
      "order: the log has message"}},
    {"two_leaves_exchanged",
     exchange_leaves,
     {"rows or leaves were exchanged", "log: the root of the first"},
     at},
    {"a_deleted_leaf",
     [](Instance& i) { i.tamper("delete from log_leaf where idx = 100"); },
     {"log: leaf 100 is missing", "names leaf 100, which is not that of any message"},
     at},
    {"a_changed_tile",
     [](Instance& i) {
         auto tile = LogRows(i.connection()).tile(0, 0).value().value();
         tile[at][0] ^= 1;
         i.tamper("update log_tile set data = :data where level = 0 and idx = 0",
                  {base64_encode(tlog::write_tile(tile))});
     },
     {"log: tile 0 of level 0 is not made of the leaves under it"}},
    {"a_deleted_tile",
     [](Instance& i) { i.tamper("delete from log_tile"); },
     {"log: tile 0 of level 0 is missing"}},
    {"a_changed_checkpoint",
     [](Instance& i) {
         i.tamper(
             "update log_checkpoint set note = substr(note, 1, length(note) - 20) || "
             "case substr(note, length(note) - 19, 1) when 'A' then 'B' else 'A' end || "
             "substr(note, length(note) - 18) where size = (select max(size) from log_checkpoint)");
     },
     {"log: the last checkpoint"}},
    {"an_older_checkpoint_changed",
     [](Instance& i) {
         i.tamper(
             "update log_checkpoint set note = substr(note, 1, length(note) - 20) || "
             "case substr(note, length(note) - 19, 1) when 'A' then 'B' else 'A' end || "
             "substr(note, length(note) - 18) where size = (select min(size) from log_checkpoint)");
     },
     {"is not one that the log signed"}},
    {"deleted_checkpoints",
     [](Instance& i) { i.tamper("delete from log_checkpoint where size > 100"); },
     {"leaves stand after the last checkpoint", "is older than the checkpoint in"}},
    {"a_truncated_log",
     [](Instance& i) {
         const auto rows = LogRows(i.connection()).checkpoints(100, 1).value();
         const auto size = rows.at(0).size;
         i.tamper("delete from log_leaf where idx >= :size", {size});
         i.tamper("delete from log_tile");
         i.tamper("delete from log_checkpoint where size > :size", {size});
         i.tamper("delete from message where leaf >= :size", {size});
     },
     {"is older than the checkpoint in", "state/checkpoint"}},
    {"a_message_replaced_by_the_holder_of_the_signing_key",
     [](Instance& i) { static_cast<void>(replace_message(i, at)); },
     {"record: the message at", "is not the message that the log commits to"},
     at},
    {"a_message_and_its_leaf_replaced_by_the_holder_of_the_signing_key",
     [](Instance& i) { set_entry(i, at, replace_message(i, at)); },
     {"log: the root of the first"}},
};

INSTANTIATE_TEST_SUITE_P(Rows, TamperTable, ::testing::ValuesIn(cases), [](const auto& row) {
    return row.param.name;
});

// Every message of the file is named; those of other files still verify.
TEST(Tamper, c2_11_ARC_20_a_lost_or_shortened_file_is_found) {
    struct Row {
        const char* what;
        std::string (*file)(const seal::Address&);
        bool lost;
    };

    for (const Row& row : {Row{"a pack that is gone", pack_file, true},
                           Row{"a shortened pack", pack_file, false},
                           Row{"a key file that is gone", keys_file, true},
                           Row{"a shortened key file", keys_file, false}}) {
        const auto instance = copy_of(originals().whole.path());
        const auto address = instance->message(at).row.address;
        std::size_t in_pack = 0;
        for (std::size_t i = 0; i < instance->ids.size(); ++i) {
            in_pack += instance->message(i).row.address.pack == address.pack ? 1U : 0U;
        }
        const auto file = instance->directory() / row.file(address);
        if (row.lost) {
            fs::remove(file);
        } else {
            fs::resize_file(file, row.file == pack_file ? 0 : 64);
        }
        const auto said = verify_everything(*instance);
        EXPECT_EQ(said.archive.failed, in_pack) << row.what;
        EXPECT_FALSE(said.archive.verified()) << row.what;
        const auto words = words_of(verify_one(*instance, at));
        EXPECT_TRUE(words.contains("record: ")) << row.what << ": " << words;
        // The end of a file alone takes the last message only.
        if (!row.lost) {
            const auto again = copy_of(originals().whole.path());
            const auto whole = again->directory() / row.file(address);
            fs::resize_file(whole, fs::file_size(whole) - 1);
            EXPECT_EQ(verify_everything(*again).archive.failed, 1U) << row.what;
        }
    }
}

TEST(Tamper, c2_11_an_older_copy_put_back_is_found_with_a_newer_checkpoint_file) {
    const auto instance = copy_of(originals().older.path());
    const auto said = verify_everything(*instance, {originals().whole / "state/checkpoint"});
    EXPECT_FALSE(said.archive.verified());
    EXPECT_NE(said.words.find("the log has 200 leaves and is older than the checkpoint in"),
              std::string::npos)
        << said.words;
}

TEST(
    Tamper,
    c2_11_ARC_20_a_log_rewritten_by_the_holder_of_all_keys_is_found_with_a_checkpoint_kept_elsewhere) {
    const auto instance = copy_of(originals().whole.path());
    set_entry(*instance, at, replace_message(*instance, at));
    sign_log_anew(*instance);
    // The table says it: without a checkpoint that was kept elsewhere, only a witness or a timestamp would tell.
    EXPECT_TRUE(verify_everything(*instance).archive.verified());
    for (const auto* kept : {"whole", "older"}) {
        const auto& original =
            std::string_view(kept) == "whole" ? originals().whole : originals().older;
        const auto said = verify_everything(*instance, {original / "state/checkpoint"});
        EXPECT_FALSE(said.archive.verified()) << kept;
        EXPECT_NE(said.words.find("is not consistent with the checkpoint in"), std::string::npos)
            << said.words;
    }
}

TEST(Tamper, c2_11_a_log_without_any_checkpoint_is_found) {
    const auto instance = copy_of(originals().whole.path());
    instance->tamper("delete from log_checkpoint");
    EXPECT_FALSE(verify_one(*instance, at).verified());
    EXPECT_NE(verify_everything(*instance).words.find("280 leaves stand after the last checkpoint"),
              std::string::npos);
}

}  // namespace
}  // namespace bulla::archive::testing
