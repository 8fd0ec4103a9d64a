#include "audit/audit.h"

#include "base/encoding.h"

#include <gtest/gtest.h>

namespace bulla::audit {
namespace {

TEST(Audit, entries_have_one_form_that_holds_every_octet) {
    const AuditEntry entry{from_micros(1), "a", "b.c", "d", ""};
    EXPECT_EQ(hex_encode(write_entry(entry).value()),
              "0000000000000001"
              "0000000161"
              "00000003622e63"
              "0000000164"
              "00000000");
    // Octets that move from one field to the next give another entry.
    EXPECT_NE(write_entry({from_micros(1), "ab", "c", "d", ""}).value(),
              write_entry({from_micros(1), "a", "bc", "d", ""}).value());
}

TEST(Audit, limits_and_names) {
    const auto code = [](const AuditEntry& entry) {
        const auto text = write_entry(entry);
        return text ? std::string_view("good") : text.error().code;
    };
    EXPECT_EQ(code({{}, std::string(191, 'x'), "a.b", "", std::string(4096, 'x')}), "good");
    EXPECT_EQ(code({{}, std::string(192, 'x'), "a.b", "", ""}), "audit.too_long");
    EXPECT_EQ(code({{}, "", std::string(65, 'x'), "", ""}), "audit.too_long");
    EXPECT_EQ(code({{}, "", "a.b", std::string(321, 'x'), ""}), "audit.too_long");
    EXPECT_EQ(code({{}, "", "a.b", "", std::string(4097, 'x')}), "audit.too_long");
    EXPECT_EQ(code({{}, "", "", "", ""}), "audit.bad_action");
    EXPECT_EQ(code({{}, "", "A b", "", ""}), "audit.bad_action");
}

TEST(Audit, memory_keeps_what_is_good) {
    MemoryAuditSink sink;
    EXPECT_TRUE(sink.record({from_unix(5), "admin", "signer.create", "signer:main", "p256"}));
    EXPECT_FALSE(sink.record({from_unix(5), "admin", "", "", ""}));
    ASSERT_EQ(sink.entries().size(), 1U);
    EXPECT_EQ(sink.entries()[0].target, "signer:main");
}

}  // namespace
}  // namespace bulla::audit
