#include "gateway/disposition.h"

#include "smtp/refusals.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <initializer_list>
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
        {"message.nul", 554, "5.6.0", false},
        {"message.line_too_long", 550, "5.6.0", false},
        {"message.too_large", 552, "5.3.4", false},
        {"message.header_too_long", 552, "5.3.4", false},
        {"message.too_many_fields", 552, "5.3.4", false},
        {"message.loop", 554, "5.4.6", false},
        {"memory.full", 452, "4.3.1", true},
        {"exit.needs_8bitmime", 554, "5.6.3", false},
        {"exit.needs_smtputf8", 550, "5.6.7", false},
        {"exit.too_large", 552, "5.3.4", false},
        {"address.no_from", 550, "5.6.0", false},
        {"sender.auth_required", 530, "5.7.0", false},
        {"sender.not_owned", 550, "5.7.1", false},
        {"sender.account_disabled", 535, "5.7.8", false},
        {"sender.unknown_login", 550, "5.7.1", false},
        {"sender.relay_denied", 550, "5.7.1", false},
        {"milter.bad_field", 550, "5.6.0", false},
        {"milter.too_many_recipients", 452, "4.5.3", true},
        {"recipient.relay_denied", 550, "5.7.1", false},
        {"recipient.no_route", 550, "5.1.2", false},
        {"recipient.unknown", 550, "5.1.1", false},
        {"dkim.key_missing", 451, "4.7.5", true},
        {"dkim.record_wrong", 451, "4.7.5", true},
        {"pkcs11.token_away", 451, "4.7.5", true},
        {"dkim.self_check_failed", 451, "4.7.0", true},
        {"signer.missing", 451, "4.7.0", true},
        {"key.sign_failed", 451, "4.7.0", true},
        {"seal.full", 452, "4.3.1", true},
        {"store.full", 452, "4.3.1", true},
        {"exit.full", 452, "4.3.1", true},
        {"exit.tls_required", 451, "4.7.4", true},
        {"exit.no_route_left", 451, "4.3.5", true},
        {"queue.unreadable", 451, "4.3.0", true},
        {"queue.attempt_failed", 451, "4.3.0", true},
        {"exit.bad_recipient", 550, "5.1.3", false},
        {"exit.refused", 451, "4.4.2", true},
        {"net.timeout", 451, "4.4.1", true},
        // Without a row: ours.
        {"seal.failed", 451, "4.3.0", true},
        {"store.corrupt", 451, "4.3.0", true},
        {"a.code_nobody_knows", 451, "4.3.0", true},
    };
    for (const auto& expected : cases) {
        const auto got = decide_disposition({.code = expected.code, .text = {}});
        EXPECT_EQ(got.code, expected.reply) << expected.code;
        EXPECT_EQ(got.enhanced, expected.enhanced) << expected.code;
        EXPECT_EQ(got.retry, expected.retry) << expected.code;
        EXPECT_FALSE(got.rfc.empty()) << expected.code;
        // RFC 3463 2: the class of the enhanced code is that of the reply, and tells whether to try again.
        EXPECT_EQ(std::to_string(got.code)[0], got.enhanced[0]) << expected.code;
        EXPECT_EQ(got.retry, got.code < 500) << expected.code;
    }
    // Every row is in the list above.
    for (const auto code : row_codes()) {
        EXPECT_TRUE(std::ranges::any_of(cases, [&](const Case& one) {
            return one.code.starts_with(code);
        })) << code;
    }
}

// What a session says of itself and what the gateway says of it are the same reply.
TEST(Disposition, c2_6_what_smtp_refuses_is_in_the_table_as_smtp_says_it) {
    for (const auto& row : smtp::refusals) {
        const auto said = smtp::make_reply(row.refusal);
        const auto got = make_reply({.code = row.code, .fault = Fault::sender, .text = said.text});
        EXPECT_EQ(got.code, said.code) << row.code;
        EXPECT_EQ(got.enhanced, said.enhanced) << row.code;
        EXPECT_EQ(got.text, said.text) << row.code;
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

using UseText = std::function<void(const std::string& text)>;

// Calls `use` with each source of `folders`; tests and the table itself left out.
void each_source(std::initializer_list<const char*> folders, const UseText& use) {
    for (const auto* folder : folders) {
        for (const auto& file : std::filesystem::recursive_directory_iterator(
                 std::filesystem::path(BULLA_SOURCE_DIR) / "src" / folder)) {
            const auto stem = file.path().stem().string();
            if (file.path().extension() == ".cpp" && !stem.ends_with("_test") &&
                stem != "disposition") {
                std::ifstream in(file.path());
                use({std::istreambuf_iterator<char>(in), {}});
            }
        }
    }
}

// A row that nothing raises would be a promise that no session keeps. The rows of smtp are raised by sessions: smtp's own test does it.
TEST(Disposition, c2_6_every_row_is_raised) {
    std::set<std::string> unraised;
    for (const auto code : row_codes()) {
        unraised.insert("\"" + std::string(code) + (code.ends_with('.') ? "" : "\""));
    }
    for (const auto& row : smtp::refusals) {
        unraised.erase("\"" + std::string(row.code) + "\"");
    }
    each_source(
        {"gateway", "directory", "seal", "store", "mail", "dkim", "crypto", "pkcs11", "net"},
        [&](const std::string& text) {
            std::erase_if(unraised, [&](const std::string& code) { return text.contains(code); });
        });
    for (const auto& code : unraised) {
        ADD_FAILURE() << "nothing raises " << code;
    }
}

// Whatever a stage refuses for the sender's sake has been thought of: without a row it would be tried again for ever.
TEST(Disposition, c2_6_what_the_sender_is_refused_for_has_a_row) {
    // These end a connection without a reply, or are answered where they arise.
    const std::set<std::string> without_reply{"smtp.proxy_not_listed"};
    const std::regex raised{
        R"re((?:fail\(|code = )\s*"([a-z0-9_.]+)",\s*(?:\.fault = )?Fault::sender)re"};
    std::size_t seen = 0;
    each_source({"gateway"}, [&](const std::string& text) {
        for (std::sregex_iterator match{text.begin(), text.end(), raised}, end; match != end;
             ++match) {
            const auto code = (*match)[1].str();
            ++seen;
            EXPECT_TRUE(has_row(code) || without_reply.contains(code)) << code;
        }
    });
    EXPECT_GT(seen, 5U);
}

}  // namespace
}  // namespace bulla::gateway
