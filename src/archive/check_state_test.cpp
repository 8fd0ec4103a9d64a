#include "archive/check_state.h"

#include "archive/testing.h"

#include <gtest/gtest.h>

namespace bulla::archive {
namespace {

struct Case {
    std::string_view bad;  ///< The check of the finding that is bad; empty: none.
    bool has_seal, has_signer, with_signatures;
    std::string_view check, seal;
};

TEST(CheckState, ARC_10_signature_and_seal_are_told_apart) {
    const Case cases[] = {
        {"", true, true, true, "verified", "whole"},
        {"", true, false, true, "unsigned", "whole"},
        {"", true, true, false, "disabled", "whole"},
        {"", true, false, false, "disabled", "whole"},
        {"signature", true, true, true, "failed", "whole"},
        {"record", true, true, true, "failed", "cracked"},
        {"record", true, false, true, "failed", "cracked"},
        {"catalogue", true, true, true, "failed", "cracked"},
        {"log", true, true, false, "disabled", "cracked"},
        {"row", false, false, true, "unsigned", "none"},
    };
    for (const auto& each : cases) {
        MessageReport report{
            .id = MessageId(1), .has_seal = each.has_seal, .has_signer = each.has_signer};
        report.findings.ok("record", "as it was");
        if (!each.bad.empty()) {
            report.findings.bad(std::string(each.bad), "it is not");
        }
        const auto state = decide_check_state(report, each.with_signatures);
        EXPECT_EQ(state.check, each.check) << each.bad;
        EXPECT_EQ(state.seal, each.seal) << each.bad;
    }
}

TEST(CheckState, ARC_09_what_lacks_a_key_is_neither_verified_nor_failed) {
    MessageReport report{.id = MessageId(1), .has_signer = true};
    report.findings.ok("signature", "that of one fits");
    report.findings.unchecked("signature", "that of two cannot be checked");
    EXPECT_FALSE(report.verified());
    EXPECT_EQ(decide_check_state(report, true).check, "unchecked");
    EXPECT_EQ(decide_check_state(report, true).seal, "whole");
    report.findings.bad("signature", "that of three does not fit");
    EXPECT_EQ(decide_check_state(report, true).check, "failed");
}

TEST(CheckState, ARC_10_an_unsigned_message_has_a_whole_seal) {
    const testing::Keys keys;
    testing::Instance instance(keys);
    instance.fill(3);  // the third is without signer
    const auto reader = instance.reader();
    Verifier verifier(instance.connection(), instance.vault(), reader, instance.options());
    const auto state = [&](std::size_t i) {
        return decide_check_state(verifier.verify_message(instance.ids[i]).value(), true);
    };
    EXPECT_EQ(state(0).check, "verified");
    EXPECT_EQ(state(2).check, "unsigned");
    EXPECT_EQ(state(2).seal, "whole");
    EXPECT_EQ(instance.tamper("update message set archived = 0, leaf = -1 where id = :id",
                              {instance.ids[2].number()}),
              1);
    EXPECT_EQ(state(2).check, "failed") << "the log has its leaf";
    EXPECT_EQ(state(2).seal, "cracked");
}

TEST(CheckState, ARC_09_switched_off_no_signature_is_looked_at) {
    const testing::Keys keys;
    testing::Instance instance(keys);
    instance.fill(1);
    EXPECT_EQ(instance.tamper("update message_signature set signature = 'AAAA'"), 1);
    const auto reader = instance.reader();
    auto options = instance.options();
    options.keys.verify_signatures = false;
    Verifier verifier(instance.connection(), instance.vault(), reader, std::move(options));
    const auto report = verifier.verify_message(instance.ids[0]).value();
    EXPECT_TRUE(report.verified());
    EXPECT_EQ(decide_check_state(report, false).seal, "whole");
}

TEST(Verify, ARC_11_a_sweep_tells_of_every_message_and_stops_when_asked) {
    const testing::Keys keys;
    testing::Instance instance(keys);
    instance.fill(10);
    const auto reader = instance.reader();
    Verifier verifier(instance.connection(), instance.vault(), reader, instance.options());
    std::vector<MessageId> seen;
    const auto each = [&](const MessageReport& report) { seen.push_back(report.id); };
    EXPECT_TRUE(verifier.verify_all({.batch = 4, .each = each}).value().complete);
    EXPECT_EQ(seen, instance.ids);
    seen.clear();
    int asked = 0;
    const auto report =
        verifier.verify_all({.batch = 4, .each = each, .stopped = [&] { return ++asked > 6; }})
            .value();
    EXPECT_FALSE(report.complete);
    EXPECT_EQ(report.next, 4U) << "the batch that was cut off is not told of";
    EXPECT_EQ(seen.size(), 4U);
}

}  // namespace
}  // namespace bulla::archive
