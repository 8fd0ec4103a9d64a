#include "archive/token_backfill.h"

#include "archive/testing.h"
#include "archive/tokens.h"

#include <gtest/gtest.h>

namespace bulla::archive {
namespace {

/// An instance as one of an older program: messages without tokens (Instance gives them none).
struct Old {
    explicit Old(std::size_t count) { instance.fill(count); }

    /// Makes a step and commits it; how many messages it had, -1: all was done.
    int step(std::size_t limit, bool commit = true) const {
        auto made = make_backfill(instance.connection(), instance.vault(), limit).value();
        if (!made) {
            return -1;
        }
        auto tx = store::Tx::begin(instance.connection()).value();
        EXPECT_TRUE(made->rows(tx, {}).has_value());
        if (commit) {
            EXPECT_TRUE(tx.finish().has_value());
        } else {
            tx.rollback();
        }
        return static_cast<int>(made->messages);
    }

    std::size_t found(const ListQuery& query) const {
        return instance.catalogue().list(query).value().messages.size();
    }

    testing::Keys keys{};
    testing::Instance instance{keys};
};

const ListQuery by_sender{.terms = {make_term(TermKind::sender, "alice@example.test")}};
const ListQuery outbound{.terms = {make_term(TermKind::direction, "out")}};

TEST(TokenBackfill, API_02_older_messages_are_found_after_it) {
    Old old(7);
    EXPECT_EQ(old.found(by_sender), 0U);
    EXPECT_EQ(old.step(3), 3);
    EXPECT_EQ(old.found(by_sender), 3U);
    EXPECT_EQ(old.step(3), 3);
    EXPECT_EQ(old.step(3), 1);
    EXPECT_EQ(old.step(3), -1);
    EXPECT_EQ(old.found(by_sender), 7U);
    EXPECT_EQ(old.found(outbound), 7U) << "their summaries do not say it, their role does";
}

TEST(TokenBackfill, API_02_a_step_that_was_cut_off_is_made_again) {
    Old old(4);
    EXPECT_EQ(old.step(2), 2);
    EXPECT_EQ(old.step(2, false), 2);
    EXPECT_EQ(old.found(by_sender), 2U);
    EXPECT_EQ(old.step(2), 2);
    EXPECT_EQ(old.step(2), 0);
    EXPECT_EQ(old.step(2), -1);
    EXPECT_EQ(old.found(by_sender), 4U);
}

TEST(TokenBackfill, API_02_messages_that_have_tokens_keep_them_once) {
    Old old(5);
    EXPECT_EQ(old.step(100), 5);
    EXPECT_EQ(old.instance.tamper("delete from meta where name = 'token_backfill'"), 1);
    EXPECT_EQ(old.step(100), 5);
    EXPECT_EQ(old.step(100), -1);
    EXPECT_EQ(old.found(by_sender), 5U);
}

TEST(TokenBackfill, API_02_what_came_after_its_beginning_is_not_looked_at) {
    Old old(4);
    EXPECT_EQ(old.step(2), 2);
    old.instance.fill(5);
    EXPECT_EQ(old.step(100), 2);
    EXPECT_EQ(old.step(100), -1);
}

TEST(TokenBackfill, API_02_a_text_that_does_not_open_is_passed_over) {
    Old old(3);
    EXPECT_EQ(old.instance.tamper("update message set summary = 'x' where id = :id",
                                  {old.instance.ids[1].number()}),
              1);
    EXPECT_EQ(old.step(10), 3);
    EXPECT_EQ(old.found(by_sender), 2U);
}

TEST(TokenBackfill, API_02_an_empty_archive_is_done_at_once) {
    testing::Keys keys;
    testing::Instance instance(keys);
    auto made = make_backfill(instance.connection(), instance.vault(), 10).value();
    ASSERT_TRUE(made.has_value());
    EXPECT_EQ(made->messages, 0U);
}

}  // namespace
}  // namespace bulla::archive
