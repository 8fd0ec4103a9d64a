#include "seal/fork.h"

#include "seal/checkpoint_file.h"
#include "seal/testing.h"

#include <fstream>
#include <iterator>

namespace bulla::seal {
namespace {

using testing::Instance;
using testing::make_batch;

ForkRequest monday() {
    return {.actor = "cli:anna", .reason = "backup of Monday restored"};
}

std::string read(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

/// An instance with one leaf in its database and a checkpoint of two: the copy before the second was put back.
struct RolledBack : Instance {
    RolledBack() {
        EXPECT_TRUE(open()->commit(make_batch(1, "one", random)).has_value());
        kept_note = read(path() / "state/checkpoint");
        close_database();
        std::filesystem::copy_file(path() / "bulla.db", path() / "old.db");
        open_database();
        EXPECT_TRUE(open()->commit(make_batch(2, "two", random)).has_value());
        seen_note = read(path() / "state/checkpoint");
        put_back();
    }

    void put_back() {
        close_database();
        std::filesystem::copy_file(path() / "old.db",
                                   path() / "bulla.db",
                                   std::filesystem::copy_options::overwrite_existing);
        std::filesystem::remove(path() / "bulla.db-wal");
        std::filesystem::remove(path() / "bulla.db-shm");
        open_database();
    }

    Result<Forked> fork(const LogIdentity& identity, const ForkRequest& request) {
        auto connection = database().connect(store::Access::read_write).value();
        return fork_log(
            connection, identity, read(path() / "state/checkpoint"), request, clock, random);
    }

    SealerOptions options_of(const Forked& forked) {
        auto made = options();
        made.origin = forked.origin;
        return made;
    }

    std::string kept_note;
    std::string seen_note;
};

TEST(Fork, c2_10_an_accepted_older_log_goes_on_under_a_new_name) {
    RolledBack instance;
    const auto refused = instance.try_open(instance.options());
    ASSERT_FALSE(refused.has_value());
    EXPECT_NE(refused.error().text.find("bulla log fork"), std::string::npos);
    const auto forked = instance.fork(instance.log_identity(), monday()).value();
    EXPECT_TRUE(forked.origin.starts_with("test.example/bulla/0/fork-"));
    EXPECT_EQ(forked.entry.kept, 1);
    EXPECT_EQ(forked.entry.seen, 2);
    // state/checkpoint still holds what was given up, as after a power cut: the sealer opens and goes on.
    auto sealer = instance.try_open(instance.options_of(forked));
    ASSERT_TRUE(sealer.has_value());
    EXPECT_EQ((*sealer)->commit(make_batch(3, "three", instance.random))->leaf_indexes[0], 2);
    const tlog::VerifierKey former = instance.log_verifier();
    EXPECT_FALSE(tlog::open_checkpoint((*sealer)->checkpoint(), former).has_value())
        << "a reader of the former name must not take it for that log";
    EXPECT_EQ(instance.number("select count(*) from audit where action = 'log.fork' and idx = 1"),
              1);
    EXPECT_EQ(instance.number("select count(*) from log_checkpoint where size = 1"), 1)
        << "the last checkpoint under the former name stays";
}

TEST(Fork, c2_10_what_checkpoints_of_the_former_name_are) {
    RolledBack instance;
    const auto forked = instance.fork(instance.log_identity(), monday()).value();
    auto connection = instance.database().connect(store::Access::read_write).value();
    const auto forks = load_forks(connection).value();
    ASSERT_EQ(forks.size(), 1);
    EXPECT_EQ(forks[0].reason, "backup of Monday restored");
    const auto standing = [&](const std::string& note) {
        return decide_standing(
            forks, forked.origin, open_any_name(note, instance.log_verifier()).value());
    };
    EXPECT_EQ(standing(instance.kept_note), Standing::own);
    EXPECT_EQ(standing(instance.seen_note), Standing::lost);
    EXPECT_EQ(standing(forked.note), Standing::own);
    EXPECT_EQ(decide_standing(
                  forks, forked.origin, {.origin = "test.example/bulla/0", .size = 7, .root = {}}),
              Standing::unknown)
        << "the fork gave up two leaves, not seven";
    EXPECT_EQ(name_at(forks, 1, forked.origin), "test.example/bulla/0");
    EXPECT_EQ(name_at(forks, 2, forked.origin), forked.origin);
}

TEST(Fork, c2_10_without_a_roll_back_or_a_reason_there_is_none) {
    RolledBack instance;
    EXPECT_EQ(instance.fork(instance.log_identity(), {.actor = "a", .reason = " \n"}).error().code,
              "seal.bad_reason");
    EXPECT_EQ(
        instance.fork(instance.log_identity(), {.actor = "a", .reason = std::string(1001, 'x')})
            .error()
            .code,
        "seal.bad_reason");
    std::ofstream(instance.path() / "state/checkpoint") << instance.kept_note;
    EXPECT_EQ(instance.fork(instance.log_identity(), monday()).error().code,
              "seal.not_rolled_back");
    std::ofstream(instance.path() / "state/checkpoint") << "rubbish";
    EXPECT_EQ(instance.fork(instance.log_identity(), monday()).error().code, "seal.bad_checkpoint");
    EXPECT_EQ(instance.number("select count(*) from audit"), 0);
}

TEST(Fork, c2_10_a_copy_from_before_the_fork_is_noticed_and_can_be_forked_again) {
    RolledBack instance;
    const auto first = instance.fork(instance.log_identity(), monday()).value();
    ASSERT_TRUE(
        save_checkpoint_file(FileOps::system(), (instance.path() / "state").string(), first.note)
            .has_value());
    instance.put_back();
    const auto refused = instance.try_open(instance.options());
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, "seal.rolled_back");
    const auto second = instance.fork(instance.log_identity(), monday()).value();
    EXPECT_NE(second.origin, first.origin) << "two forks of one copy are two logs";
    EXPECT_EQ(second.entry.seen_origin, first.origin);
    EXPECT_TRUE(instance.try_open(instance.options_of(second)).has_value());
}

TEST(Fork, c2_10_an_entry_has_one_spelling) {
    const ForkEntry entry{.time = from_unix(1'795'000'000),
                          .former = "a/b",
                          .kept = 120,
                          .kept_root = "r1",
                          .seen_origin = "a/b",
                          .seen = 150,
                          .seen_root = "r2",
                          .actor = "cli:anna",
                          .reason = "two\nlines \\"};
    const auto text = write_entry(entry);
    const auto parsed = parse_fork_entry(text).value();
    EXPECT_EQ(write_entry(parsed), text);
    EXPECT_EQ(parsed.reason, entry.reason);
    EXPECT_EQ(parsed.seen, 150);
    for (const auto* bad : {"bulla/fork/v1\n",
                            "bulla/fork/v1\ntime 2026-11-22T02:57:50.000000Z\nformer a\nkept x "
                            "r\nseen a 1 r\nby a\nreason b\n"}) {
        EXPECT_EQ(parse_fork_entry(bad).error().code, "entry.bad") << bad;
    }
    EXPECT_FALSE(parse_fork_entry(text + "more 1\n").has_value());
}

}  // namespace
}  // namespace bulla::seal
