#include "policy/dkimdomains.h"

#include "policy/host_list.h"
#include "policy/plan.h"

#include <gtest/gtest.h>

namespace bulla::policy {
namespace {

using dkim::Algorithm;
using dkim::Canon;

// The seven lines of s/qmail's manual (seed 004).
constexpr std::string_view seed =
    "*:\n"
    "=:default,eddy||~||:5\n"
    ".heaven.com:||me@devil.com|500000|r:3\n"
    "cloud1.com:january|postmaster@cloud.com|||t::l\n"
    "cloud7.com:february|postmaster@cloud.com|||u:1\n"
    "mybuddy.org:eddy||||:4\n"
    "!nodkim.org:\n";

DomainName domain(std::string_view text) {
    return DomainName::parse(text).value();
}

DkimDomains load(std::string_view text) {
    auto policy = read_dkimdomains(text, "dkimdomains");
    EXPECT_TRUE(policy) << policy.error().text;
    return policy.value_or(DkimDomains{});
}

const Entry* decide(const DkimDomains& policy, std::string_view sender, bool ours = false) {
    const auto name = domain(sender);
    return policy.decide(&name, [ours](const DomainName&) { return ours; });
}

// One entry, "example.com:" + rest.
Entry entry(std::string_view rest) {
    const auto policy = load("example.com:" + std::string(rest));
    const Entry* found = decide(policy, "example.com");
    EXPECT_NE(found, nullptr) << rest;
    return found == nullptr ? Entry{} : *found;
}

std::vector<std::string> said(const std::vector<Finding>& findings) {
    std::vector<std::string> all;
    all.reserve(findings.size());
    for (const Finding& one : findings) {
        all.push_back(write_finding("f", one));
    }
    return all;
}

std::string errors_of(std::string_view text) {
    std::string all;
    for (const std::string& one : said(parse_dkimdomains(text).errors)) {
        all += one + "\n";
    }
    return all;
}

std::string warnings_of(std::string_view text) {
    const auto parsed = parse_dkimdomains(text);
    EXPECT_EQ(errors_of(text), "");
    std::string all;
    for (const std::string& one : said(parsed.warnings)) {
        all += one + "\n";
    }
    return all;
}

std::string signatures_of(const Entry& entry) {
    std::string all;
    for (const auto& one : entry.signatures) {
        all += one.selector.text() + "=" + std::string(to_string(one.algorithm)) + " ";
    }
    return all;
}

std::optional<std::string> identity(const Entry& entry,
                                    std::string_view sender,
                                    std::string_view d) {
    std::string left_out;
    auto found = decide_identity(entry, sender, domain(d), left_out);
    EXPECT_EQ(found.has_value(), left_out.empty());
    return found;
}

TEST(DkimDomains, DK_03_the_seven_lines_of_the_source_load) {
    const auto parsed = parse_dkimdomains(seed);
    EXPECT_TRUE(parsed.errors.empty());
    EXPECT_EQ(parsed.policy.size(), 7U);
    EXPECT_EQ(
        warnings_of(seed),
        "f:3:37: 3 asks for rsa-sha1, which nobody may sign with any more: rsa-sha256 alone is "
        "signed\n"
        "f:3:15: i= would be in devil.com, which is not within the signing domain heaven.com: "
        "signatures go without it, for verifiers would reject them\n"
        "f:4:20: the sdid is a domain, not an address: taken as d=cloud.com with "
        "i=postmaster@cloud.com\n"
        "f:4:46: l names the length of the body: anybody can append to such mail\n"
        "f:5:21: the sdid is a domain, not an address: taken as d=cloud.com with "
        "i=postmaster@cloud.com\n"
        "f:5:46: 1 asks for rsa-sha1, which nobody may sign with any more: rsa-sha256 alone is "
        "signed\n");
}

TEST(DkimDomains, DK_03_each_line_of_the_source_means_what_it_says) {
    const auto policy = load(seed);
    const Entry* all = decide(policy, "elsewhere.example");
    ASSERT_NE(all, nullptr);
    EXPECT_EQ(signatures_of(*all), "default=rsa-sha256 ");
    EXPECT_EQ(all->expire_after, 604800);
    EXPECT_EQ(all->canon, (dkim::CanonPair{Canon::relaxed, Canon::relaxed}));

    const Entry* ours = decide(policy, "ours.example", true);
    EXPECT_EQ(signatures_of(*ours), "default=rsa-sha256 eddy=ed25519-sha256 ");
    EXPECT_EQ(identity(*ours, "joe@ours.example", "ours.example"), "joe@ours.example");

    const Entry* heaven = decide(policy, "a.heaven.com");
    EXPECT_EQ(heaven->expire_after, 500000);
    EXPECT_EQ(signatures_of(*heaven), "default=rsa-sha256 ");
    EXPECT_EQ(identity(*heaven, "x@a.heaven.com", "a.heaven.com"), std::nullopt);

    const Entry* cloud1 = decide(policy, "cloud1.com");
    EXPECT_EQ(signing_domain(*cloud1, domain("cloud1.com")).ascii(), "cloud.com");
    EXPECT_EQ(identity(*cloud1, "x@cloud1.com", "cloud.com"), "postmaster@cloud.com");
    EXPECT_EQ(cloud1->canon, (dkim::CanonPair{Canon::relaxed, Canon::simple}));
    EXPECT_TRUE(cloud1->with_body_length);
    EXPECT_EQ(signatures_of(*cloud1), "january=rsa-sha256 ");

    const Entry* cloud7 = decide(policy, "cloud7.com");
    EXPECT_EQ(cloud7->canon, (dkim::CanonPair{Canon::simple, Canon::relaxed}));
    EXPECT_FALSE(cloud7->with_body_length);
    EXPECT_EQ(signatures_of(*cloud7), "february=rsa-sha256 ");

    EXPECT_EQ(signatures_of(*decide(policy, "mybuddy.org")), "eddy=ed25519-sha256 ");
    EXPECT_EQ(decide(policy, "nodkim.org")->kind, EntryKind::never);
}

TEST(DkimDomains, DK_03_the_empty_sender_is_only_for_the_star) {
    const auto ours = [](const DomainName&) { return true; };
    EXPECT_EQ(load(seed).decide(nullptr, ours)->kind, EntryKind::all);
    EXPECT_EQ(load("=:\nexample.com:\n").decide(nullptr, ours), nullptr);
}

TEST(DkimDomains, DK_04_precedence) {
    struct Row {
        std::string_view sender;
        bool ours;
        std::size_t line;
    };

    constexpr std::string_view text =
        "*:\n"                 // 1
        "=:\n"                 // 2
        ".example.com:\n"      // 3
        ".b.example.com:\n"    // 4
        "a.b.example.com:\n"   // 5
        "!a.b.example.com:\n"  // 6
        "c.example.com:\n"     // 7
        "example.org:\n"       // 8
        "!d.example.com:\n";   // 9
    constexpr std::array rows = {Row{"a.b.example.com", true, 6},
                                 Row{"x.b.example.com", true, 4},
                                 Row{"x.a.b.example.com", true, 4},
                                 Row{"b.example.com", true, 3},
                                 Row{"c.example.com", true, 7},
                                 Row{"d.example.com", true, 9},
                                 Row{"x.d.example.com", true, 3},
                                 Row{"example.com", true, 2},
                                 Row{"example.com", false, 1},
                                 Row{"example.org", true, 8},
                                 Row{"x.example.org", true, 2},
                                 Row{"other.example", false, 1},
                                 Row{"xexample.com", false, 1},
                                 Row{"COM", false, 1}};
    const auto policy = load(text);
    for (const Row& row : rows) {
        const Entry* found = decide(policy, row.sender, row.ours);
        ASSERT_NE(found, nullptr) << row.sender;
        EXPECT_EQ(found->line, row.line) << row.sender;
    }
    EXPECT_EQ(decide(load("=:\n"), "example.com", false), nullptr);
}

TEST(DkimDomains, DK_04_rcpthosts_as_qmail_reads_it) {
    const auto list =
        HostList::parse("# ours\nexample.com \n.example.org\n\nBig.Example\nnot a host");
    EXPECT_TRUE(list.contains(domain("example.com")));
    EXPECT_FALSE(list.contains(domain("a.example.com")));
    EXPECT_TRUE(list.contains(domain("a.b.example.org")));
    EXPECT_FALSE(list.contains(domain("example.org")));
    EXPECT_TRUE(list.contains(domain("big.example")));
}

TEST(DkimDomains, DK_04_the_key_is_the_senders_then_its_parents_then_the_servers) {
    const auto names = [](const DomainName* sender, const std::optional<DomainName>& me) {
        std::string all;
        for (const auto& one : key_directories(sender, me)) {
            all += one.ascii() + " ";
        }
        return all;
    };
    const auto sender = domain("a.b.example.com");
    EXPECT_EQ(names(&sender, domain("mail.example.net")),
              "a.b.example.com b.example.com example.com mail.example.net ");
    EXPECT_EQ(names(&sender, std::nullopt), "a.b.example.com b.example.com example.com ");
    EXPECT_EQ(names(nullptr, domain("mail.example.net")), "mail.example.net ");
    EXPECT_EQ(names(nullptr, std::nullopt), "");
    EXPECT_EQ(signing_domain(entry(""), domain("parent.example")).ascii(), "parent.example");
}

TEST(DkimDomains, DK_05_one_selector_or_two) {
    EXPECT_EQ(signatures_of(entry("")), "default=rsa-sha256 ");
    EXPECT_EQ(signatures_of(entry("june")), "june=rsa-sha256 ");
    for (const std::string_view both :
         {"default,eddy", "default:eddy", ",eddy", ":eddy", "default,eddy||||:5"}) {
        EXPECT_EQ(signatures_of(entry(both)), "default=rsa-sha256 eddy=ed25519-sha256 ") << both;
    }
    EXPECT_EQ(errors_of("x.org:a,b,c"), "f:1:7: there are more than two selectors\n");
    EXPECT_EQ(errors_of("x.org:a,a"),
              "f:1:7: the two selectors are the same: each key has a selector of its own\n");
    EXPECT_EQ(errors_of("x.org:a,"), "f:1:9: \"\" is not a selector\n");
    EXPECT_EQ(errors_of("x.org:-a"), "f:1:7: \"-a\" is not a selector\n");
    EXPECT_EQ(errors_of("x.org:a||||:5"),
              "f:1:13: 5 makes an RSA and an Ed25519 signature: it needs two selectors\n");
}

TEST(DkimDomains, DK_06_identities_outside_the_signing_domain_are_left_out) {
    EXPECT_EQ(identity(entry("||~"), "joe@example.com", "example.com"), "joe@example.com");
    EXPECT_EQ(identity(entry("||~"), "", "example.com"), std::nullopt);
    EXPECT_EQ(identity(entry("||@mail.example.com"), "joe@example.com", "example.com"),
              "@mail.example.com");
    EXPECT_EQ(identity(entry("|example.net|~"), "joe@example.com", "example.net"), std::nullopt);
    EXPECT_NE(warnings_of("example.com:|example.net|~").find("f:1:26: i= would be in example.com"),
              std::string::npos);
    EXPECT_EQ(warnings_of("a.example.com:|example.com|~"), "");
    EXPECT_EQ(warnings_of("a.example.com:||me@example.com"), "") << "the key may be the parent's";
    EXPECT_EQ(errors_of("x.org:||devil"),
              "f:1:9: the auid \"devil\" is neither an address nor ~\n");
    EXPECT_EQ(errors_of("x.org:|a b"),
              "f:1:9: no white space or control character may stand here\n");
    EXPECT_EQ(errors_of("x.org:|a..b"), "f:1:8: the sdid \"a..b\" is not a domain\n");
    const auto both = entry("|postmaster@example.net|~");
    EXPECT_EQ(both.identity_kind, IdentityKind::sender)
        << "an auid counts before the sdid's address";
}

TEST(DkimDomains, DK_07_expiry) {
    EXPECT_EQ(entry("").expire_after, 604800);
    EXPECT_EQ(entry("|||3600").expire_after, 3600);
    for (const std::string_view bad :
         {"0", "-1", "+1", "1x", "x", "99999999999999999999", "3153600001"}) {
        EXPECT_NE(errors_of("x.org:|||" + std::string(bad)).find("f:1:10: the expiry"),
                  std::string::npos)
            << bad;
    }
}

TEST(DkimDomains, DK_08_canonicalisation) {
    using enum Canon;
    EXPECT_EQ(entry("||||r").canon, (dkim::CanonPair{relaxed, relaxed}));
    EXPECT_EQ(entry("||||s").canon, (dkim::CanonPair{simple, simple}));
    EXPECT_EQ(entry("||||t").canon, (dkim::CanonPair{relaxed, simple}));
    EXPECT_EQ(entry("||||u").canon, (dkim::CanonPair{simple, relaxed}));
    EXPECT_EQ(errors_of("x.org:||||x"), "f:1:11: the canonicalisation \"x\" is not r, s, t or u\n");
}

TEST(DkimDomains, DK_09_algorithms) {
    EXPECT_EQ(signatures_of(entry("s||||:1")), "s=rsa-sha256 ");
    EXPECT_EQ(signatures_of(entry("s||||:2")), "s=rsa-sha256 ");
    EXPECT_EQ(signatures_of(entry("s||||:3")), "s=rsa-sha256 ");
    EXPECT_EQ(signatures_of(entry("s||||:4")), "s=ed25519-sha256 ");
    EXPECT_EQ(signatures_of(entry("s,e||||:2")), "s=rsa-sha256 ");
    EXPECT_EQ(signatures_of(entry("s,e||||:4")), "e=ed25519-sha256 ");
    EXPECT_EQ(warnings_of("x.org:s,e||||:4"),
              "f:1:7: selector s is not used: 4 makes one signature\n");
    EXPECT_NE(warnings_of("x.org:s||||:1").find("rsa-sha1"), std::string::npos);
    EXPECT_NE(warnings_of("x.org:s||||:3").find("rsa-sha1"), std::string::npos);
    for (const std::string_view bad : {"0", "6", "22", "x"}) {
        EXPECT_NE(errors_of("x.org:||||:" + std::string(bad)).find("f:1:12: the algorithm"),
                  std::string::npos);
    }
}

TEST(DkimDomains, DK_10_body_length) {
    EXPECT_TRUE(entry("||||::l").with_body_length);
    EXPECT_FALSE(entry("||||r:2").with_body_length);
    EXPECT_EQ(errors_of("x.org:||||::x"), "f:1:13: \"x\" is not l\n");
    EXPECT_EQ(errors_of("x.org:||||r:2:l:"), "f:1:16: c:z:l has three parts\n");
}

TEST(DkimDomains, DK_03_what_is_no_line_of_the_syntax_is_refused_where_it_is) {
    EXPECT_EQ(errors_of("example.com"), "f:1:12: a colon is missing after the domain\n");
    EXPECT_EQ(errors_of("*:\n a.b:\n"),
              "f:2:1: no white space or control character may stand here\n");
    EXPECT_EQ(errors_of("a.b:\r\n"), "f:1:5: a carriage return: lines end with LF alone\n");
    EXPECT_EQ(errors_of(":x"), "f:1:1: \"\" is not a domain, .domain, !domain, = or *\n");
    EXPECT_EQ(errors_of("!.a.b:"), "f:1:2: \"!.a.b\" is not a domain, .domain, !domain, = or *\n");
    EXPECT_EQ(errors_of("a.b:s|||||x"), "f:1:10: there are more than five fields\n");
    EXPECT_EQ(errors_of("a.b:" + std::string(2000, 'x')),
              "f:1:2001: the line is longer than 2000 octets\n");
    EXPECT_EQ(errors_of("# a: b\n\n*: \t\n"), "");
    EXPECT_EQ(read_dkimdomains("*:\nx", "control/dkimdomains").error().text,
              "control/dkimdomains:2:2: a colon is missing after the domain");
}

TEST(DkimDomains, DK_03_the_first_of_two_lines_counts) {
    EXPECT_EQ(warnings_of("a.b:x\nA.B.:y\n*:\n*:z\n"),
              "f:2:1: line 1 is for A.B. already and counts; this one does not\n"
              "f:4:1: line 3 is for * already and counts; this one does not\n");
    EXPECT_EQ(warnings_of("!a.b:x\n"),
              "f:1:6: what follows is not used: mail of this domain is never signed\n");
}

TEST(DkimDomains, DK_03_limits) {
    EXPECT_EQ(said(parse_dkimdomains("*:\n", {.most_octets = 2}).errors),
              std::vector<std::string>{"f:1:1: the file is larger than 2 octets"});
    EXPECT_EQ(said(parse_dkimdomains("a.b:\nc.d:\n", {.most_entries = 1}).errors),
              std::vector<std::string>{"f:2:1: there are more than 1 entries"});
    const auto many = parse_dkimdomains("x\nx\nx\n", {.most_findings = 2});
    EXPECT_EQ(many.errors.size(), 2U);
    EXPECT_EQ(many.more_findings, 1U);
}

TEST(DkimDomains, DK_16_why_in_words) {
    const auto policy = load(seed);
    const auto why = [&](std::string_view name, bool ours) {
        const auto sender = domain(name);
        return explain(decide(policy, name, ours), &sender);
    };
    EXPECT_EQ(why("nodkim.org", true), "line 7 says that nodkim.org is never signed");
    EXPECT_EQ(why("mybuddy.org", true), "line 6 is for mybuddy.org");
    EXPECT_EQ(why("a.heaven.com", true),
              "line 3 is for all below a parent of a.heaven.com, the nearest that has one");
    EXPECT_EQ(why("heaven.com", true), "line 2 (=:) is for our own domains, and heaven.com is one");
    EXPECT_EQ(why("heaven.com", false), "line 1 (*:) is for all mail that no other line is for");
    EXPECT_EQ(explain(nullptr, nullptr),
              "no line of dkimdomains is for mail without a sender: it is not signed");
}

TEST(DkimDomains, DK_11_options_for_the_signer) {
    const auto found = entry("june|example.net|me@example.net|60|t::l");
    const auto key = crypto::PrivateKey::generate(crypto::KeyType::ed25519).value();
    std::string left_out;
    const auto options = make_sign_options(found,
                                           found.signatures.front(),
                                           domain("example.com"),
                                           "joe@example.com",
                                           key,
                                           from_unix(1'700'000'000),
                                           left_out);
    const auto message = mail::Message::parse("From: joe@example.com\r\n\r\nHi.\r\n").value();
    const std::string field = dkim::sign(message, std::span(&options, 1)).value();
    for (const std::string_view tag : {"d=example.net;",
                                       "s=june;",
                                       "i=me@example.net;",
                                       "q=dns/txt;",
                                       "t=1700000000;",
                                       "x=1700000060;",
                                       "l=5;",
                                       "c=relaxed/simple;"}) {
        EXPECT_NE(field.find(tag), std::string::npos) << tag;
    }
    EXPECT_EQ(left_out, "");
}

}  // namespace
}  // namespace bulla::policy
