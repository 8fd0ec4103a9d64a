#include "importers/opendkim.h"

#include "importers/opendkim_config.h"
#include "importers/test_support.h"

#include <set>

namespace bulla::importers {
namespace {

using Texts = std::map<std::string, std::string>;
using Words = std::vector<std::string>;

constexpr auto conf = "/etc/opendkim.conf";

ImportPlan import(std::string text, Texts more = {}) {
    more[conf] = std::move(text);
    more.try_emplace("/keys/a.pem", rsa_pem());
    more.try_emplace("/keys/e.pem", ed25519_pem());
    return import_opendkim(MemoryFiles(std::move(more)), conf);
}

// With two keys, a of example.com and b of example.net.
ImportPlan import_table(const std::string& kind, std::string lines, const std::string& more = {}) {
    return import("KeyTable /t/keys\nSigningTable " + kind + "/t/sign\n" + more,
                  {{"/t/keys",
                    "a example.com:sa:/keys/a.pem\nb example.net:sb:/keys/a.pem # two\n"
                    "e example.com:se:/keys/e.pem\np %:sp:/keys/a.pem\n"},
                   {"/t/sign", std::move(lines)}});
}

TEST(OpenDkim, GW_12_one_key_for_several_domains) {
    const auto plan = import(
        "# comment\nSyslog\tyes\nCanonicalization relaxed/simple\nDomain example.com, example.net\n"
        "selector 2020 # its name\nKeyFile /keys/a.pem\nOversignHeaders From\nMode s\n");
    EXPECT_EQ(keys_of(plan), (Words{"example.com 2020 rsa", "example.net 2020 rsa"}));
    EXPECT_EQ(plan.count(Severity::error), 0U);
    EXPECT_EQ(setting_of(plan, "dkim_canonicalization", "example.com"), "relaxed/simple");
    EXPECT_EQ(setting_of(plan, "dkim_expiry", "example.net"), "0 s");
    EXPECT_EQ(setting_of(plan, "dkim_oversign_headers", "example.net"), "From");
    EXPECT_EQ(trusted_of(plan), (Words{"127.0.0.1", "::1"}));
    EXPECT_TRUE(says(plan, Severity::note, "/etc/opendkim.conf:2:8: Syslog: "));
}

TEST(OpenDkim, GW_12_two_keys_under_one_name_are_an_error) {
    const auto import_two = [](const std::string& other) {
        return import("KeyTable /t/keys\nSigningTable refile:/t/sign\nMultipleSignatures yes\n",
                      {{"/t/keys", "a example.com:s:/keys/a.pem\nb example.com:s:" + other + "\n"},
                       {"/t/sign", "*@example.com a\n*@example.com b\n"}});
    };
    EXPECT_EQ(import_two("/keys/a.pem").count(Severity::error), 0U);
    const auto plan = import_two("/keys/e.pem");
    EXPECT_TRUE(says(plan, Severity::error, "different keys for s._domainkey.example.com"));
    EXPECT_EQ(keys_of(plan), (Words{"example.com s rsa"}));
}

TEST(OpenDkim, GW_12_its_defaults_are_its_own) {
    const auto plan = import("Domain example.com\nSelector s\nKeyFile /keys/a.pem\n");
    EXPECT_EQ(setting_of(plan, "dkim_canonicalization", "example.com"), "simple/simple");
    EXPECT_EQ(setting_of(plan, "dkim_oversign_headers", "example.com"), "none");
    EXPECT_EQ(setting_of(plan, "dkim_signed_headers", "example.com"),
              "From, Reply-To, Subject, Date, To, Cc, Resent-Date, Resent-From, Resent-To, "
              "Resent-Cc, Resent-Sender, In-Reply-To, References, List-Id, List-Help, "
              "List-Unsubscribe, List-Subscribe, List-Post, List-Owner, List-Archive");
    EXPECT_TRUE(says(plan, Severity::differs, "verifies what comes in as well"));
}

TEST(OpenDkim, GW_12_what_is_wrong_is_told_with_line_and_column) {
    const auto plan = import(
        "Nonsense 1\n  Syslog maybe\nSignatureTTL 1h\nDomain\nCanonicalization strict\n"
        "Selector s\nKeyFile /keys/a.pem\nInclude /etc/opendkim.conf\n");
    EXPECT_TRUE(says(plan, Severity::error, "/etc/opendkim.conf:1:1: \"Nonsense\" is no option"));
    EXPECT_TRUE(says(plan, Severity::error, "/etc/opendkim.conf:2:10: Syslog is to be yes or no"));
    EXPECT_TRUE(says(plan, Severity::error, "/etc/opendkim.conf:3:14: SignatureTTL is to be"));
    EXPECT_TRUE(says(plan, Severity::error, "/etc/opendkim.conf:4:1: Domain has no value"));
    EXPECT_TRUE(says(plan, Severity::error, "Domain is not set"));
    EXPECT_TRUE(says(plan,
                     Severity::error,
                     "/etc/opendkim.conf:8:9: /etc/opendkim.conf is not "
                     "read: files include each other"));
    EXPECT_TRUE(plan.keys.empty());
}

TEST(OpenDkim, GW_12_files_are_included_and_the_last_word_counts) {
    const auto plan =
        import("BaseDirectory /b\nSelector first\nInclude more\nKeyFile a.pem\n",
               {{"/b/more", "Selector second\nDomain example.com\n"}, {"/b/a.pem", ed25519_pem()}});
    EXPECT_EQ(keys_of(plan), (Words{"example.com second ed25519"}));
    EXPECT_TRUE(says(plan, Severity::differs, "not for SignatureAlgorithm rsa-sha256"));
}

// The program's own choices, as opendkim 2.11 -t makes them.
TEST(OpenDkim, GW_12_the_signing_table_decides_as_opendkim_does) {
    struct Row {
        std::string kind, lines;
        Words keys;
    };

    const std::vector<Row> rows = {
        {"refile:", "*@example.com a\n", {"example.com sa rsa"}},
        {"refile:", "*@EXAMPLE.com a\n", {"example.com sa rsa"}},
        {"refile:", "*@example.com p\n*@example.com a\n", {"example.com sp rsa"}},
        {"refile:",
         "*@example.com a\n*@example.net b\n",
         {"example.com sa rsa", "example.net sb rsa"}},
        {"refile:", "*example.com a\n", {"example.com sa rsa"}},
        {"refile:", "* p\n*@example.com a\n", {"example.com sp rsa"}},
        {"refile:", "* a\n", {"example.com sa rsa"}},
        {"refile:", "*@*.example.com p\n*@m.example.com a\n", {"m.example.com sp rsa"}},
        {"refile:", "example.com a\n", {}},
        {"refile:", "joe@example.com a\n", {}},
        {"file:", "example.com a:joe@example.com\n", {"example.com sa rsa"}},
        {"", "example.com a\n", {"example.com sa rsa"}},
        {"",
         ".com p\n.example.com a\n* a\nm.example.com p\n",
         {"m.example.com sp rsa", "example.com sa rsa"}},
        {"file:", "*@example.com a\n", {}},
        {"csl:example.com=a,", "", {"example.com sa rsa"}},
    };
    for (const Row& row : rows) {
        EXPECT_EQ(keys_of(import_table(row.kind, row.lines)), row.keys) << row.kind << row.lines;
    }
}

TEST(OpenDkim, GW_12_what_bulla_decides_otherwise_is_told) {
    struct Row {
        Severity severity;
        std::string kind, lines, words;
    };

    const std::vector<Row> rows = {
        {Severity::error,
         "refile:",
         "x\n*@example.com b\n",
         "/t/sign:2:1: mail of example.com was signed by example.net"},
        {Severity::error,
         "refile:",
         "*@example.com nobody\n",
         "KeyTable has no key by the name \"nobody\""},
        {Severity::error, "refile:", "*@example.com a b\n", "no key by the name \"a b\""},
        {Severity::error, "refile:", "*@[a-z].com a\n", "\"*@[a-z].com\" is no pattern"},
        {Severity::error, "dsn:mysql://u:secret@h/", "", "SigningTable is in a database"},
        {Severity::error, "nonsense:", "", "of a kind that OpenDKIM does not know"},
        {Severity::warning, "refile:", "example.com a\n", "was *@example.com meant?"},
        {Severity::warning, "", "*@example.com a\n", "was example.com meant?"},
        {Severity::differs, "refile:", "*@*.example.com a\n", "domains below example.com"},
        {Severity::differs, "", ".example.com a\n", "domains below example.com"},
        {Severity::differs, "refile:", "joe@example.com a\n", "for one address alone"},
        {Severity::differs, "refile:", "* a\n", "all other domains"},
        {Severity::differs, "refile:", "* p\n", "one key for the mail of all domains"},
        {Severity::differs, "refile:", "*example.com a\n", "other domains that end so"},
        {Severity::differs, "refile:", "*@example.com a:@%\n", "signatures have no i="},
        {Severity::note, "refile:", "*@example.com a\n", "uses the key b"},
    };
    for (const Row& row : rows) {
        const auto plan = import_table(row.kind, row.lines);
        EXPECT_TRUE(says(plan, row.severity, row.words)) << row.kind << row.lines;
        for (const auto& one : plan.findings) {
            EXPECT_EQ(one.text.find("secret"), std::string::npos) << one.text;
        }
    }
}

TEST(OpenDkim, GW_12_several_signatures_of_a_domain) {
    EXPECT_EQ(keys_of(import_table(
                  "refile:", "*@example.com a\n*@example.com e\n", "MultipleSignatures yes")),
              (Words{"example.com sa rsa", "example.com se ed25519"}));
    const auto plan =
        import_table("refile:", "*@example.com p\n*@example.com a\n", "MultipleSignatures yes");
    EXPECT_EQ(keys_of(plan), (Words{"example.com sp rsa", "example.com sa rsa waits"}));
    EXPECT_TRUE(says(plan, Severity::differs, "two rsa keys and bulla signs with one of a type"));
}

TEST(OpenDkim, GW_12_keys_by_folder_inside_the_table_and_below_another_root) {
    const Texts files = {{"/t/keys", "k %:s1:/dk/%/s1.private\n"},
                         {"/t/sign", "* k\n"},
                         {"/dk/example.com/s1.private", rsa_pem()},
                         {"/dk/example.net/s1.private", rsa_pem()},
                         {"/dk/example.org/other", rsa_pem()},
                         {"/dk/not a domain/s1.private", rsa_pem()}};
    EXPECT_EQ(keys_of(import("KeyTable /t/keys\nSigningTable refile:/t/sign\n", files)),
              (Words{"example.com s1 rsa", "example.net s1 rsa"}));
    std::string inside;
    for (const char c : ed25519_pem()) {
        inside += c == '\n' ? "" : std::string(1, c);
    }
    inside = inside.substr(27, inside.find("-----END") - 27);
    const auto plan =
        import("KeyTable csl:k=example.com:s1:" + inside + "\nSigningTable csl:example.com=k\n");
    EXPECT_EQ(keys_of(plan), (Words{"example.com s1 ed25519"}));
    EXPECT_EQ(keys_of(import("ChangeRootDirectory /root\nKeyTable csl:k=example.com:s1:/k.pem\n"
                             "SigningTable csl:example.com=k\n",
                             {{"/root/k.pem", rsa_pem()}})),
              (Words{"example.com s1 rsa"}));
}

TEST(OpenDkim, GW_12_keys_are_checked_and_never_told) {
    const std::string weak(
        crypto::PrivateKey::generate(crypto::KeyType::p256).value()->pem().view());
    const auto single = [](const std::string& key) {
        return "Domain example.com\nSelector s\nKeyFile " + key + "\n";
    };
    EXPECT_TRUE(says(import(single("/none")), Severity::error, "cannot read /none"));
    EXPECT_TRUE(says(import(single("/k"), {{"/k", weak}}), Severity::error, "type p256"));
    EXPECT_TRUE(says(import(single("/k"), {{"/k", "not a key"}}),
                     Severity::error,
                     "/k: this is no private key"));
    EXPECT_TRUE(says(
        import(single("/k.open"), {{"/k.open", rsa_pem()}}), Severity::warning, "lets others"));
    EXPECT_TRUE(says(import("Domain a..b\nSelector s\nKeyFile /keys/a.pem\n"),
                     Severity::error,
                     "\"a..b\" is no domain"));
    EXPECT_TRUE(says(import("Domain a.b\nSelector s,t\nKeyFile /keys/a.pem\n"),
                     Severity::error,
                     "\"s,t\" is no selector"));
    const auto plan =
        import("KeyTable csl:k=example.com:s1:c2VjcmV0c2VjcmV0\nSigningTable csl:example.com=k\n");
    EXPECT_EQ(plan.count(Severity::error), 1U);
    EXPECT_EQ(plan.findings.front().text.find("c2Vj"), std::string::npos);
}

TEST(OpenDkim, GW_12_lists_of_header_fields) {
    struct Row {
        std::string options, fields, oversigned;
    };

    const std::vector<Row> rows = {
        {"SignHeaders Subject, X-Foo", "From, Subject, X-Foo", "none"},
        {"SignHeaders from,subject\nOversignHeaders From,From,Date",
         "from, subject, Date",
         "From, Date"},
        {"SignHeaders From,Received,To", "From, To", "none"},
        {"SignHeaders From,Received,To\nOmitHeaders .", "From, Received, To", "none"},
        {"SignHeaders From,Date,To\nOmitHeaders *,+Date", "From, To", "none"},
        {"SignHeaders From,Received\nOmitHeaders *,-Received", "From, Received", "none"},
        {"SignHeaders From,X-*,List-U*",
         "From, X-Mailer, List-Unsubscribe, List-Unsubscribe-Post",
         "none"},
        {"SignHeaders /t/list", "From, To", "none"},
    };
    for (const Row& row : rows) {
        const auto plan =
            import("Domain example.com\nSelector s\nKeyFile /keys/a.pem\n" + row.options + "\n",
                   {{"/t/list", "From\nTo x # a comment\n\n"}});
        EXPECT_EQ(setting_of(plan, "dkim_signed_headers", "example.com"), row.fields)
            << row.options;
        EXPECT_EQ(setting_of(plan, "dkim_oversign_headers", "example.com"), row.oversigned)
            << row.options;
        EXPECT_EQ(plan.count(Severity::error), 0U) << row.options;
    }
    const auto plan = import(
        "Domain example.com\nSelector s\nKeyFile /keys/a.pem\nSignHeaders *,+X-Foo,-Date,Cc\n");
    const auto fields = setting_of(plan, "dkim_signed_headers", "example.com");
    EXPECT_TRUE(fields.ends_with("List-Archive, X-Foo") && !fields.contains("Date, To")) << fields;
    EXPECT_TRUE(says(plan, Severity::warning, "passes \"Cc\" over"));
}

TEST(OpenDkim, GW_12_hosts_become_networks) {
    const std::string head = "Domain example.com\nSelector s\nKeyFile /keys/a.pem\n";
    const auto plan = import(head + "InternalHosts /t/hosts\n",
                             {{"/t/hosts",
                               "127.0.0.1\n::1\nlocalhost\n192.168.0.7/16\n10.0.0.0/255.0.0.0\n"
                               "[2001:db8::1]\nmail.example.com\n0.0.0.0/0\n.example.com\n"}});
    EXPECT_EQ(trusted_of(plan),
              (Words{"127.0.0.1", "::1", "192.168.0.0/16", "10.0.0.0/8", "2001:db8::1"}));
    EXPECT_TRUE(says(plan, Severity::differs, "/t/hosts:8:1: 0.0.0.0/0 is not taken over"));
    EXPECT_TRUE(says(plan, Severity::differs, "/t/hosts:7:1: \"mail.example.com\" is a name"));
    const auto but =
        import(head + "InternalHosts 10.0.0.0/8,!10.0.0.9,10.1.1.1\nPeerList 10.2.2.2\n");
    EXPECT_EQ(trusted_of(but), (Words{"10.1.1.1"}));
    EXPECT_TRUE(says(but, Severity::differs, "knows no exceptions such as !10.0.0.9"));
    EXPECT_TRUE(says(but, Severity::differs, "PeerList"));
}

TEST(OpenDkim, GW_12_a_verifier_has_nothing_to_take_over) {
    const auto plan = import("Mode v\nDomain example.com\nSelector s\nKeyFile /keys/a.pem\n");
    EXPECT_TRUE(plan.keys.empty() && plan.settings.empty());
    EXPECT_TRUE(says(plan, Severity::warning, "Mode v signs nothing"));
}

TEST(OpenDkim, GW_12_every_option_has_a_fate_and_says_why) {
    std::set<std::string_view> names;
    for (const OpendkimOption& one : opendkim_options()) {
        EXPECT_TRUE(names.insert(one.name).second) << one.name;
        EXPECT_EQ(one.fate == OptionFate::mapped, one.text.empty()) << one.name;
        EXPECT_EQ(find_opendkim_option(one.name), &one);
    }
    EXPECT_EQ(names.size(), 138U);
    const auto plan = import(
        "Domain example.com\nSelector s\nKeyFile /keys/a.pem\nDiagnostics no\nRequestReports "
        "yes\n");
    EXPECT_FALSE(says(plan, Severity::differs, "Diagnostics"));
    EXPECT_TRUE(says(plan, Severity::differs, "RequestReports"));
}

TEST(OpenDkim, GW_12_hostile_files_are_bounded) {
    EXPECT_TRUE(says(import(std::string("Domain a\0b", 10)), Severity::error, "NUL octets"));
    EXPECT_TRUE(says(import("Domain " + std::string(70000, 'a')), Severity::error, "longer than"));
    std::string includes;
    for (int i = 0; i < 100; ++i) {
        includes += "Include /etc/opendkim.conf\n";
    }
    EXPECT_LE(import(includes).findings.size(), 500U);
    std::string many = "Domain example.com\n";
    for (int i = 0; i < 2000; ++i) {
        many += "Syslog yes" + std::to_string(i) + "\nx" + std::to_string(i) + " 1\n";
    }
    const auto plan = import(many);
    EXPECT_EQ(plan.findings.size(), 500U);
    EXPECT_EQ(plan.more_findings, 1503U);
}

TEST(OpenDkim, GW_12_wildcards) {
    EXPECT_TRUE(matches_wildcard("*@example.com", "joe@EXAMPLE.com"));
    EXPECT_TRUE(matches_wildcard("a*b*c", "aXXbYYbc"));
    EXPECT_FALSE(matches_wildcard("a*b*c", "aXXbYYb"));
    EXPECT_TRUE(matches_wildcard("*", ""));
    EXPECT_FALSE(matches_wildcard("", "a"));
    EXPECT_FALSE(matches_wildcard(std::string(50, '*') + "b", std::string(5000, 'a')));
}

}  // namespace
}  // namespace bulla::importers
