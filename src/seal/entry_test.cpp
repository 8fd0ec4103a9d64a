#include "seal/entry.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace bulla::seal {
namespace {

MessageEntry sample_message() {
    return {.id = MessageId(123456789),
            .time = from_micros(1'795'000'000'123'456),
            .size = 10'240,
            .commitment = std::string(64, 'a'),
            .signers = {"office " + std::string(64, '1'), "board " + std::string(64, '2')}};
}

TEST(Entry, c2_10_a_message_has_one_text) {
    const auto entry = sample_message();
    const auto text = write_entry(entry);
    EXPECT_EQ(text,
              "bulla/message/v1\nid " + entry.id.text() +
                  "\ntime 2026-11-18T11:06:40.123456Z\nsize 10240\ncommitment " +
                  std::string(64, 'a') + "\nsigner office " + std::string(64, '1') +
                  "\nsigner board " + std::string(64, '2') + "\n");
    const auto again = parse_message_entry(text);
    ASSERT_TRUE(again.has_value());
    EXPECT_EQ(write_entry(*again), text);
    EXPECT_EQ(again->signers, entry.signers);
    EXPECT_EQ(again->size, entry.size);
    EXPECT_EQ(again->time, entry.time);
    EXPECT_EQ(again->id, entry.id);
}

TEST(Entry, c2_10_no_value_leaves_its_line) {
    const AuditLeaf leaf{.time = from_micros(1),
                         .actor = "a\nactor b",
                         .action = "domain.add",
                         .target = "back\\slash \x7f tab\t",
                         .detail = ""};
    const auto text = write_entry(leaf);
    EXPECT_EQ(std::ranges::count(text, '\n'), 6);
    const auto again = parse_audit_leaf(text);
    ASSERT_TRUE(again.has_value());
    EXPECT_EQ(again->actor, leaf.actor);
    EXPECT_EQ(again->target, leaf.target);
    EXPECT_EQ(again->detail, "");
    EXPECT_EQ(write_entry(*again), text);
}

TEST(Entry, c2_10_other_spellings_are_refused) {
    const auto good = write_entry(sample_message());
    EXPECT_FALSE(parse_message_entry(good + "x"));
    EXPECT_FALSE(parse_message_entry(good + "\n"));
    EXPECT_FALSE(parse_message_entry(good.substr(0, good.size() - 1)));
    EXPECT_FALSE(parse_audit_leaf(good));
    const std::pair<std::string, std::string> changes[] = {{"10240", "010240"},
                                                           {"10240", "+10240"},
                                                           {"10240", "10240 "},
                                                           {"size", "Size"},
                                                           {".123456Z", ".1234560Z"},
                                                           {".123456Z", ".123456z"},
                                                           {"office", "off\\x69ce"},
                                                           {"office", "off\\qice"},
                                                           {"office", "off\\x0"},
                                                           {"v1", "v2"}};
    for (const auto& [from, to] : changes) {
        auto bad = good;
        bad.replace(bad.find(from), from.size(), to);
        const auto entry = parse_message_entry(bad);
        ASSERT_FALSE(entry) << to;
        EXPECT_EQ(entry.error().code, "entry.bad") << to;
    }
}

TEST(Entry, c2_10_too_much_is_refused) {
    auto entry = sample_message();
    entry.signers.assign(65, "s");
    EXPECT_FALSE(parse_message_entry(write_entry(entry)));
    entry.signers.assign(64, "s");
    EXPECT_TRUE(parse_message_entry(write_entry(entry)).has_value());
    entry.signers = {std::string(70'000, 's')};
    EXPECT_FALSE(parse_message_entry(write_entry(entry)));
}

}  // namespace
}  // namespace bulla::seal
