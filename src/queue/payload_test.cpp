#include "queue/payload.h"

#include <gtest/gtest.h>

namespace bulla::queue {
namespace {

Payload make_example() {
    return {.from = Mailbox::parse("alice@example.test").value(),
            .recipients = {{.mailbox = Mailbox::parse("bob@example.org").value(),
                            .dsn = {.notify = "SUCCESS,FAILURE", .orcpt = "rfc822;b+2Bob@x"}},
                           {.mailbox = Mailbox::parse("\"a b\"@example.org").value(), .dsn = {}}},
            .ret = "HDRS",
            .envid = "QQ314159",
            .prefix = "DKIM-Signature: x\r\n",
            .kind = seal::RecordKind::copy,
            .shares = 3,
            .eight_bit = true,
            .smtputf8 = false};
}

TEST(Payload, c2_8_is_read_as_it_was_written) {
    const auto bytes = write_payload(make_example());
    const auto read = parse_payload(bytes);
    ASSERT_TRUE(read) << read.error().text;
    EXPECT_EQ(write_payload(*read), bytes);
    EXPECT_EQ(read->from->text(), "alice@example.test");
    ASSERT_EQ(read->recipients.size(), 2);
    EXPECT_EQ(read->recipients[0].dsn.orcpt, "rfc822;b+2Bob@x");
    EXPECT_EQ(read->recipients[1].mailbox.text(), "\"a b\"@example.org");
    EXPECT_EQ(read->shares, 3);
    EXPECT_TRUE(read->eight_bit);
    auto notice = make_example();
    notice.from.reset();
    EXPECT_FALSE(parse_payload(write_payload(notice))->from);
}

TEST(Payload, c2_8_no_part_of_it_is_taken_for_the_whole) {
    const auto bytes = write_payload(make_example());
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        EXPECT_FALSE(parse_payload(std::string_view(bytes).substr(0, size))) << size;
    }
    EXPECT_FALSE(parse_payload(bytes + "x"));
}

TEST(Payload, c2_8_a_changed_octet_is_refused_or_read_as_something_else) {
    const auto bytes = write_payload(make_example());
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        for (const int flip : {1, 0x80, 0xFF}) {
            auto changed = bytes;
            changed[i] = static_cast<char>(changed[i] ^ flip);
            if (const auto read = parse_payload(changed)) {
                EXPECT_NE(write_payload(*read), bytes) << i;
            }
        }
    }
}

}  // namespace
}  // namespace bulla::queue
