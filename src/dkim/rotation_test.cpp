#include "dkim/rotation.h"

#include <gtest/gtest.h>

namespace bulla::dkim {
namespace {

using namespace std::chrono_literals;
using enum KeyStage;
using enum RecordSight;

constexpr auto grace = 100s;
const Time start = from_unix(1'700'000'000);

TEST(Rotation, c4_5_each_stage_goes_on_by_what_is_seen_and_by_the_clock) {
    struct Row {
        KeyStage from;
        RecordSight sight;
        std::chrono::seconds age;
        KeyStage to;
    };

    for (const Row& row : {
             Row{next, unknown, 1s, next},
             Row{next, absent, 1s, next},
             Row{next, different, 1s, next},
             Row{next, exact, 1s, seen},
             Row{seen, exact, 1s, seen},
             Row{seen, unknown, 1s, seen},
             Row{seen, absent, 1s, next},
             Row{seen, different, 1s, next},
             Row{active, exact, 1s, active},
             Row{active, absent, 1000s, active},
             Row{active, different, 1000s, active},
             Row{active, unknown, 1000s, active},
             Row{retiring, absent, 99s, retiring},
             Row{retiring, exact, 100s, retired},
             Row{retiring, unknown, 100s, retired},
             Row{retired, exact, 1000s, retired},
             Row{revoked, exact, 1000s, revoked},
         }) {
        const Time now = start + row.age;
        const KeyLife key{.selector = "s",
                          .algorithm = "rsa",
                          .stage = row.from,
                          .since = start,
                          .sight = row.sight};
        const auto after = decide_stages(std::span(&key, 1), now, grace);
        ASSERT_EQ(after.size(), 1U);
        EXPECT_EQ(to_string(after[0].stage), to_string(row.to))
            << to_string(row.from) << " after " << row.age.count();
        EXPECT_EQ(after[0].since, row.from == row.to ? start : now);
    }
}

std::vector<KeyLife> two_sets(RecordSight rsa, RecordSight ed25519) {
    return {{.selector = "r1", .algorithm = "rsa", .stage = active, .since = start},
            {.selector = "e1", .algorithm = "ed25519", .stage = active, .since = start},
            {.selector = "r2", .algorithm = "rsa", .since = start, .rotating = true, .sight = rsa},
            {.selector = "e2",
             .algorithm = "ed25519",
             .since = start,
             .rotating = true,
             .sight = ed25519}};
}

std::string stages(const std::vector<KeyLife>& keys) {
    std::string out;
    for (const auto& key : keys) {
        out += key.selector + "=" + std::string(to_string(key.stage)) + " ";
    }
    return out;
}

TEST(Rotation, DK_18_both_algorithms_change_together_and_only_when_both_are_seen) {
    const Time now = start + 10s;
    EXPECT_EQ(stages(decide_stages(two_sets(exact, absent), now, grace)),
              "r1=active e1=active r2=seen e2=next ");
    auto waiting = decide_stages(two_sets(exact, absent), now, grace);
    // The first record vanishes while the second appears, or cannot be asked for: nothing signs with a record that is not there.
    waiting[2].sight = absent;
    waiting[3].sight = exact;
    EXPECT_EQ(stages(decide_stages(waiting, now, grace)), "r1=active e1=active r2=next e2=seen ");
    waiting[2].sight = unknown;
    EXPECT_EQ(stages(decide_stages(waiting, now, grace)), "r1=active e1=active r2=seen e2=seen ");
    waiting[2].sight = exact;
    const auto done = decide_stages(waiting, now, grace);
    EXPECT_EQ(stages(done), "r1=retiring e1=retiring r2=active e2=active ");
    EXPECT_FALSE(done[2].rotating);
    EXPECT_EQ(stages(decide_stages(done, now + grace, grace)),
              "r1=retired e1=retired r2=active e2=active ");
}

TEST(Rotation, DK_18_a_seen_key_that_does_not_rotate_waits_for_its_administrator) {
    auto keys = two_sets(exact, exact);
    keys[2].rotating = keys[3].rotating = false;
    EXPECT_EQ(stages(decide_stages(keys, start, grace)), "r1=active e1=active r2=seen e2=seen ");
    // A rotation of one algorithm leaves the other alone.
    keys[2].rotating = true;
    EXPECT_EQ(stages(decide_stages(keys, start, grace)),
              "r1=retiring e1=active r2=active e2=seen ");
}

TEST(Rotation, c4_5_stages_have_one_word_each) {
    for (const auto stage : {next, seen, active, retiring, retired, revoked}) {
        EXPECT_EQ(parse_stage(to_string(stage)).value(), stage);
    }
    EXPECT_EQ(parse_stage("lost").error().code, "dkim.bad_stage");
}

}  // namespace
}  // namespace bulla::dkim
