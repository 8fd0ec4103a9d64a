#include "qmail/dksign.h"

#include "qmail/lines.h"
#include "qmail/options.h"
#include "qmail/results.h"
#include "qmail/test_machine.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

namespace bulla::qmail {
namespace {

using namespace std::string_literals;
using testing::TestMachine;

std::shared_ptr<crypto::PrivateKey> key(crypto::KeyType type) {
    static const auto rsa = crypto::PrivateKey::generate(crypto::KeyType::rsa).value();
    static const auto ed25519 = crypto::PrivateKey::generate(crypto::KeyType::ed25519).value();
    return type == crypto::KeyType::rsa ? rsa : ed25519;
}

void fill(TestMachine& machine, const std::string& policy) {
    machine.files["control/dkimdomains"] = policy;
    machine.files["control/rcpthosts"] = "example.com\n";
    machine.files["control/me"] = "mx.example.org\n";
    machine.keys["example.com/default"] = key(crypto::KeyType::rsa);
    machine.keys["example.com/eddy"] = key(crypto::KeyType::ed25519);
}

const std::vector<std::string> usual{"mx.example.net", "a@example.com", "b@example.net"};

void run(TestMachine& machine, const std::vector<std::string>& arguments = usual) {
    const ManualClock clock(from_unix(1'800'000'000));
    deliver(machine, "/var/qmail", arguments, clock);
}

std::size_t count(std::string_view text, std::string_view part) {
    std::size_t n = 0;
    for (auto at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) {
        ++n;
    }
    return n;
}

bool has_stage(const TestMachine& machine) {
    return std::ranges::any_of(
        machine.files, [](const auto& file) { return file.first.starts_with("queue/dkim/"); });
}

TEST(Dksign, c4_3_DK_01_qmail_remote_takes_over_with_the_signed_message) {
    TestMachine machine;
    fill(machine, "example.com:,eddy\n");
    const auto before = machine.message;
    run(machine);
    EXPECT_EQ(machine.ran,
              (std::vector<std::string>{"bin/qmail-remote",
                                        "qmail-remote",
                                        "mx.example.net",
                                        "a@example.com",
                                        "b@example.net"}));
    EXPECT_TRUE(machine.given.ends_with(before));
    EXPECT_FALSE(machine.given.contains('\r'));
    EXPECT_EQ(count(machine.given, "DKIM-Signature:"), 2U);
    EXPECT_LT(machine.given.find("a=rsa-sha256"), machine.given.find("a=ed25519-sha256"));
    EXPECT_EQ(machine.reported, "");
    EXPECT_TRUE(machine.logged.empty());
    EXPECT_FALSE(has_stage(machine));
}

TEST(Dksign, c4_3_DK_01_who_has_no_line_goes_out_as_it_is) {
    for (const auto* policy : {"", "other.example:\n", "!example.com:\n*:\n"}) {
        TestMachine machine;
        fill(machine, policy);
        if (*policy == '\0') {
            machine.files.erase("control/dkimdomains");
        }
        const auto before = machine.message;
        run(machine);
        EXPECT_EQ(machine.given, before) << policy;
        EXPECT_EQ(machine.ran.size(), 5U);
    }
}

TEST(Dksign, c4_3_DK_04_senders_without_a_domain_are_for_all_alone) {
    for (const auto* sender : {"", "#@[]", "mailer", "a@[192.0.2.1]"}) {
        TestMachine machine;
        fill(machine, "=:\n*:default|example.com\n");
        machine.keys["mx.example.org/default"] = key(crypto::KeyType::rsa);
        run(machine, {"mx.example.net", sender, "b@example.net"});
        EXPECT_TRUE(machine.given.contains("d=example.com;")) << sender;
    }
}

// The words of DK-02 to the octet, and the delivery is told of once.
TEST(Dksign, c4_3_DK_02_what_stops_a_delivery_is_told_in_its_words) {
    TestMachine machine;
    fill(machine, "example.com:,eddy\n");
    machine.message = "From: a@example.com\n\nhalf";
    run(machine);
    EXPECT_EQ(machine.reported, "DSMTP cannot transfer messages with partial final lines.\n\0"s);
    machine.message = "From: a@example.com\n\nx\ry\n";
    machine.reported.clear();
    run(machine);
    EXPECT_EQ(machine.reported, "DSMTP cannot transfer messages with stray carriage returns.\n\0"s);
    machine.files["control/dkimdomains"] = "example com:\n";
    machine.reported.clear();
    run(machine);
    EXPECT_EQ(machine.reported, "ZUnable to read control files.\n\0"s);
    EXPECT_TRUE(machine.logged.back().contains("control/dkimdomains:1:")) << machine.logged.back();
    EXPECT_TRUE(machine.ran.empty());
}

TEST(Dksign, c4_3_DK_02_a_key_that_cannot_be_read_is_for_the_log) {
    TestMachine machine;
    fill(machine, "example.com:,eddy\n");
    machine.keys.erase("example.com/eddy");
    run(machine);
    EXPECT_EQ(count(machine.given, "DKIM-Signature:"), 1U) << "the other one is made";
    EXPECT_EQ(machine.reported, "");
    ASSERT_EQ(machine.logged.size(), 1U);
    EXPECT_TRUE(
        machine.logged[0].starts_with("can't read private file: "
                                      "ssl/domainkeys/example.com/eddy continue without "
                                      "signing."))
        << machine.logged[0];
    machine.keys.clear();
    machine.message = "From: a@example.com\n\nhi\n";
    run(machine);
    EXPECT_EQ(machine.given, "From: a@example.com\n\nhi\n");
}

TEST(Dksign, c4_3_fail_on_nth_operation) {
    std::set<std::string> told;
    std::size_t steps = 0;
    for (std::size_t n = 1;; ++n) {
        TestMachine machine;
        fill(machine, "example.com:,eddy\n");
        machine.fail_at = n;
        run(machine);
        if (!machine.failed()) {
            break;
        }
        ++steps;
        // Either qmail-remote tells, or we do, and only once.
        EXPECT_NE(machine.ran.empty(), machine.reported.empty()) << n;
        EXPECT_EQ(std::ranges::count(machine.reported, '\0'), machine.ran.empty() ? 1 : 0) << n;
        EXPECT_FALSE(machine.logged.empty()) << n;
        if (machine.ran.empty()) {
            told.insert(machine.reported.substr(0, machine.reported.find('\n')));
            EXPECT_EQ(machine.reported[0], 'Z') << n;
        }
        // A file whose removal failed is left; the next process with that number, or any once it is gone, takes it away.
        const bool was_left = has_stage(machine);
        EXPECT_TRUE(!was_left || machine.reported == "ZUnable to unlink DKIM stage file.\n\0"s)
            << n << machine.reported;
        machine.fail_at = 0;
        machine.reported.clear();
        machine.message = "From: a@example.com\n\nagain\n";
        run(machine);
        EXPECT_FALSE(has_stage(machine)) << n;
        EXPECT_TRUE(machine.given.ends_with("again\n")) << n;
    }
    EXPECT_EQ(steps, 13U);
    EXPECT_EQ(told,
              (std::set<std::string>{"ZUnable to switch to target directory.",
                                     "ZUnable to read control files.",
                                     "ZUnable to read message.",
                                     "ZUnable to create DKIM stage file: queue/dkim/19/4711",
                                     "ZUnable to unlink DKIM stage file.",
                                     "Zunable to run qmail-remote."}));
}

TEST(Dksign, c4_3_stage_files_of_the_dead_are_swept) {
    TestMachine machine;
    fill(machine, "example.com:\n");
    machine.alive = {77};
    for (const auto* path :
         {"queue/dkim/3/23000", "queue/dkim/8/77", "queue/dkim/19/4711", "queue/dkim/2/remark"}) {
        machine.files[path] = "x";
    }
    run(machine);
    EXPECT_FALSE(machine.files.contains("queue/dkim/3/23000"));
    EXPECT_FALSE(machine.files.contains("queue/dkim/19/4711"));
    EXPECT_TRUE(machine.files.contains("queue/dkim/8/77")) << "it is being delivered";
    EXPECT_TRUE(machine.files.contains("queue/dkim/2/remark")) << "it is none of ours";
}

TEST(Lines, c4_3_lf_becomes_crlf_and_nothing_else) {
    EXPECT_EQ(to_crlf("a\n\nb\n").value(), "a\r\n\r\nb\r\n");
    EXPECT_EQ(to_crlf("").error().code, "qmail.partial_line");
    EXPECT_EQ(to_crlf("a\nb").error().code, "qmail.partial_line");
    EXPECT_EQ(to_crlf("a\r\n").error().code, "qmail.stray_cr");
    EXPECT_EQ(to_lf("a\r\n\tb\r\n"), "a\n\tb\n");
}

TEST(Options, DK_14_words_are_read_as_getopt_does) {
    std::string words[] = {"-lcs", "-dexample.com", "-s", "-x", "-", "in", "-q", "key"};
    std::vector<char*> pointers;
    for (auto& word : words) {
        pointers.push_back(word.data());
    }
    const auto options = parse_options(pointers, "ls::c:d:x:q").value();
    EXPECT_TRUE(options.has('l'));
    EXPECT_EQ(options.value('c'), "s");
    EXPECT_EQ(options.value('d'), "example.com");
    EXPECT_EQ(options.value('s'), "");
    EXPECT_EQ(options.value('x'), "-");
    EXPECT_EQ(options.words, (std::vector<std::string>{"in", "-q", "key"}));
    EXPECT_FALSE(parse_options(std::span(pointers).first(1), "l"));
    EXPECT_FALSE(parse_options(std::span(pointers).subspan(3, 1), "x:"));
    EXPECT_FALSE(options.has('q'));
}

TEST(Results, rfc8601_5_forged_fields_are_taken_away) {
    const std::string id = "mx.example.org";
    for (const auto* forged : {"Authentication-Results: mx.example.org; dkim=pass\n",
                               "authentication-results : MX.example.org 1;\n\tdkim=pass\n",
                               "Authentication-Results: (x) mx.example.org; dkim=pass\n",
                               "Authentication-Results: \"mx.exam\\ple.org\"; dkim=pass\n",
                               "Authentication-Results:\n mx.example.org\n"}) {
        EXPECT_EQ(remove_forged("A: 1\n"s + forged + "B: 2\n\nAuthentication-Results: x\n", id),
                  "A: 1\nB: 2\n\nAuthentication-Results: x\n")
            << forged;
    }
    const std::string other = "Authentication-Results: other.example; dkim=pass\n\n";
    EXPECT_EQ(remove_forged(other, id), other);
}

TEST(Results, rfc8601_2_2_nothing_hostile_gets_into_the_field) {
    EXPECT_EQ(write_authentication_results("mx", {}), "Authentication-Results: mx; dkim=none\n");
    std::array<dkim::SignatureResult, 2> results;
    results[0].verdict = Verdict::pass;
    results[0].domain = "a.example";
    results[0].selector = "s1";
    results[0].algorithm = "rsa-sha256";
    results[1].verdict = Verdict::fail;
    results[1].domain = "x; dkim=pass";
    results[1].algorithm = "a\nb";
    EXPECT_EQ(write_authentication_results("mx", results),
              "Authentication-Results: mx;\n\tdkim=pass header.d=a.example header.s=s1 "
              "header.a=rsa-sha256;\n\tdkim=fail header.d=invalid header.s=invalid "
              "header.a=invalid\n");
    EXPECT_EQ(summarize(results), Verdict::pass);
    EXPECT_EQ(summarize(std::span(results).subspan(1)), Verdict::fail);
    EXPECT_EQ(summarize({}), Verdict::none);
}

}  // namespace
}  // namespace bulla::qmail
