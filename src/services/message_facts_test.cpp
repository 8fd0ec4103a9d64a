#include "services/message_facts.h"

#include "services/testing.h"

#include <fmt/format.h>

namespace bulla::services {
namespace {

using testing::TestInstance;

TEST(MessageFacts, c3_1_many_messages_are_told_of_each_by_its_own_rows) {
    TestInstance at;
    auto lease = at.instance->database().lease(store::Access::read_write);
    ASSERT_TRUE(lease);
    auto& connection = **lease;
    const auto run = [&](const std::string& sql) {
        const auto done = connection.run(sql);
        ASSERT_TRUE(done) << done.error().text;
    };

    struct Row {
        std::vector<std::string> events, waiting;
        std::string delivery;
    };

    const std::vector<Row> rows = {{{}, {}, "none"},
                                   {{}, {"queued"}, "queued"},
                                   {{}, {"queued", "held"}, "held"},
                                   {{"delivered"}, {"held"}, "held"},
                                   {{"delivered"}, {"queued"}, "partly"},
                                   {{"failed", "failed"}, {"queued"}, "partly"},
                                   {{"deferred", "delivered"}, {}, "delivered"},
                                   {{"delivered", "failed"}, {}, "partly"},
                                   {{"failed"}, {}, "failed"},
                                   {{"deferred"}, {}, "none"}};
    // More than one statement asks for, and not a multiple of it.
    constexpr std::int64_t messages = 63;
    std::vector<MessageId> ids;
    std::int64_t delivery = 0;
    for (std::int64_t i = 1; i <= messages; ++i) {
        ids.emplace_back(i);
        const Row& row = rows.at(static_cast<std::size_t>(i) % rows.size());
        for (std::size_t n = 0; n < row.events.size(); ++n) {
            run(fmt::format(
                "insert into message_event values ({}, {}, 0, '{}', '')", i, n, row.events[n]));
        }
        for (const auto& state : row.waiting) {
            run(fmt::format(
                "insert into queue_delivery (id, message_id, route, destination, state, "
                "next_attempt, attempts, created, expires, warned, owner, lease, attempt, volume, "
                "pack, pos, len, slot, own_record, last_error, payload) values ({}, {}, '', '', "
                "'{}', 0, 0, 0, 0, 0, 0, 0, '', '', 0, 0, 0, 0, 0, '', '')",
                ++delivery,
                i,
                state));
        }
        for (const char* signer : {"b", "a"}) {
            run(fmt::format("insert into message_signature values ({}, '{}{}', '', '', '', 0)",
                            i,
                            signer,
                            i % 2));
        }
    }
    ids.emplace_back(messages + 1);  // there is none of that id
    auto facts = load_message_facts(connection, ids).value();
    ASSERT_EQ(facts.size(), ids.size());
    for (std::int64_t i = 1; i <= messages; ++i) {
        const auto& one = facts[MessageId(i)];
        EXPECT_EQ(one.delivery, rows.at(static_cast<std::size_t>(i) % rows.size()).delivery) << i;
        EXPECT_EQ(one.signers,
                  i % 2 == 0 ? (std::vector<std::string>{"a0", "b0"})
                             : (std::vector<std::string>{"a1", "b1"}));
    }
    EXPECT_EQ(facts[ids.back()].delivery, "none");
    EXPECT_TRUE(facts[ids.back()].signers.empty());
    EXPECT_TRUE(load_message_facts(connection, {}).value().empty());
}

}  // namespace
}  // namespace bulla::services
