#include "gateway/disposition.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>

namespace bulla::gateway {
namespace {

struct Case {
    std::string_view code;
    int reply;
    std::string_view enhanced;
    bool retry;
};

TEST(Disposition, c2_6_one_table_of_failures) {
    constexpr Case cases[] = {
        {"message.bare_newline", 550, "5.6.0", false},
        {"message.header_too_long", 552, "5.3.4", false},
        {"message.too_many_fields", 550, "5.6.0", false},
        {"message.line_too_long", 550, "5.6.0", false},
        {"message.too_large", 552, "5.3.4", false},
        {"message.loop", 554, "5.4.6", false},
        {"message.something_else", 550, "5.6.0", false},
        {"address.no_from", 550, "5.6.0", false},
        {"sender.auth_required", 530, "5.7.0", false},
        {"sender.not_owned", 550, "5.7.1", false},
        {"sender.account_disabled", 535, "5.7.8", false},
        {"sender.relay_denied", 550, "5.7.1", false},
        {"recipient.relay_denied", 550, "5.7.1", false},
        {"recipient.no_route", 550, "5.1.2", false},
        {"recipient.unknown", 550, "5.1.1", false},
        {"dkim.self_check_failed", 451, "4.7.0", true},
        {"dkim.key_missing", 451, "4.7.5", true},
        {"dkim.bad_tag", 451, "4.7.0", true},
        {"signer.missing", 451, "4.7.0", true},
        {"key.unreadable", 451, "4.7.0", true},
        {"seal.full", 452, "4.3.1", true},
        {"store.full", 452, "4.3.1", true},
        {"seal.failed", 451, "4.3.0", true},
        {"store.busy", 451, "4.3.0", true},
        {"pack.tampered", 451, "4.3.0", true},
        {"memory.full", 452, "4.3.1", true},
        {"exit.needs_8bitmime", 554, "5.6.3", false},
        {"exit.needs_smtputf8", 553, "5.6.7", false},
        {"exit.rejected", 550, "5.0.0", false},
        {"exit.too_large", 552, "5.3.4", false},
        {"exit.tls_required", 451, "4.7.4", true},
        {"exit.bad_recipient", 550, "5.1.3", false},
        {"exit.deferred", 451, "4.4.2", true},
        {"net.timeout", 451, "4.4.1", true},
        {"queue.expired", 550, "4.4.7", false},
        {"queue.gone", 451, "4.3.0", true},
        {"a.code_nobody_knows", 451, "4.3.0", true},
    };
    for (const auto& expected : cases) {
        const auto got = decide_disposition({.code = expected.code, .text = {}});
        EXPECT_EQ(got.code, expected.reply) << expected.code;
        EXPECT_EQ(got.enhanced, expected.enhanced) << expected.code;
        EXPECT_EQ(got.retry, expected.retry) << expected.code;
        EXPECT_FALSE(got.rfc.empty()) << expected.code;
        // RFC 3463 2: the class of the enhanced code is that of the reply; expiry alone is a permanent reply with the cause's own class.
        if (expected.code != std::string_view("queue.expired")) {
            EXPECT_EQ(std::to_string(got.code)[0], got.enhanced[0]) << expected.code;
        }
    }
}

TEST(Disposition, c2_6_faults_of_ours_are_told_in_general_words) {
    const auto reply = make_reply(
        {.code = "store.corrupt", .fault = Fault::us, .text = "page 7 of /srv/bulla.db"});
    EXPECT_EQ(reply.code, 451);
    EXPECT_EQ(reply.text.find("/srv"), std::string::npos);
    const auto sender =
        make_reply({.code = "message.loop", .fault = Fault::sender, .text = "Too many hops"});
    EXPECT_EQ(sender.text, "Too many hops");
}

// Every failure that a stage or a door can give has been thought of: its code, or the prefix of its folder, stands in the table.
TEST(Disposition, c2_6_every_code_on_the_way_of_a_message_has_a_row) {
    const std::regex call{R"re(fail\(\s*"([a-z0-9_]+\.[a-z0-9_]+)")re"};
    std::set<std::string> missing;
    for (const auto* folder : {"gateway", "seal", "store", "mail", "dkim"}) {
        for (const auto& file : std::filesystem::recursive_directory_iterator(
                 std::filesystem::path(BULLA_SOURCE_DIR) / "src" / folder)) {
            if (file.path().extension() != ".cpp" ||
                file.path().stem().string().ends_with("_test")) {
                continue;
            }
            std::ifstream in(file.path());
            const std::string text{std::istreambuf_iterator<char>(in), {}};
            for (std::sregex_iterator match{text.begin(), text.end(), call}, end; match != end;
                 ++match) {
                if (!has_row((*match)[1].str())) {
                    missing.insert((*match)[1].str() + " in " + file.path().filename().string());
                }
            }
        }
    }
    for (const auto& code : missing) {
        ADD_FAILURE() << "no row for " << code;
    }
}

}  // namespace
}  // namespace bulla::gateway
