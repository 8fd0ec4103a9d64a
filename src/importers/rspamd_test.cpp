#include "importers/rspamd.h"

#include "importers/test_support.h"
#include "importers/ucl.h"

namespace bulla::importers {
namespace {

using Texts = std::map<std::string, std::string>;
using Words = std::vector<std::string>;

ImportPlan import(std::string local, Texts more = {}) {
    more["/etc/rspamd/local.d/dkim_signing.conf"] = std::move(local);
    more.try_emplace("/k/a.key", rsa_pem());
    more.try_emplace("/k/e.key", ed25519_pem());
    return import_rspamd(MemoryFiles(std::move(more)), "/etc/rspamd");
}

TEST(Ucl, GW_12_what_rspamd_writes_is_read) {
    const auto read = parse_ucl(
        "# remark\nname = value; other: \"a\\\"b\\n\"\n/* a /* b */ c */ list [ one, \"two\"; "
        "{x=1} ]\n"
        "section \"key\" { inner = 'it\\'s' }\nbare ${DBDIR}/x;\ntext = <<EOD\nline 1\nline "
        "2\nEOD\n"
        ".include(try=true) \"/x\"\n",
        "f");
    ASSERT_TRUE(read) << read.error().text;
    const auto& root = read->root;
    EXPECT_EQ(root.find("NAME")->text, "value");
    EXPECT_EQ(root.find("other")->text, "a\"b\n");
    EXPECT_EQ(root.find("list")->inside.size(), 3U);
    EXPECT_EQ(root.find("section")->find("key")->find("inner")->text, "it's");
    EXPECT_EQ(root.find("bare")->text, "${DBDIR}/x");
    EXPECT_EQ(root.find("text")->text, "line 1\nline 2");
    ASSERT_EQ(read->macros.size(), 1U);
    EXPECT_EQ(read->macros[0].place.line, 10U);
    EXPECT_EQ(root.find("section")->place.line, 4U);
}

TEST(Ucl, GW_12_what_is_broken_is_told_with_line_and_column) {
    const std::vector<std::pair<std::string, std::string>> rows = {
        {"a = {\n b = 1\n", "f:3:1: a section has no end"},
        {"a = [1, 2", "f:1:10: a list has no end"},
        {"a = \"x", "f:1:7: a text has no closing quote"},
        {"a = 1\n}", "f:2:1: a name is expected here"},
        {"a =", "f:1:4: a value is missing"},
        {"/* x", "f:1:5: the remark has no end"},
        {std::string(100, '['), "f:1:1: a name is expected here"},
        {"a = " + std::string(100, '['), "nested too deep"},
        {"a = <<X\nb", "lines after << have no end"},
    };
    for (const auto& [text, words] : rows) {
        const auto read = parse_ucl(text, "f");
        ASSERT_FALSE(read) << text;
        EXPECT_NE(read.error().text.find(words), std::string::npos) << read.error().text;
    }
}

TEST(Rspamd, GW_12_domains_with_sections_of_their_own) {
    const auto plan = import(
        "allow_username_mismatch = true;\nuse_esld = false;\ndomain {\n  example.com {\n"
        "    path = \"/k/a.key\"; selector = \"s1\";\n  }\n  Example.NET {\n    selectors [\n"
        "      { path = \"/k/a.key\"; selector = \"n1\" },\n      { path = \"/k/$selector.key\"; "
        "selector = e }\n"
        "    ]\n  }\n}\ntry_fallback = false;\n");
    EXPECT_EQ(keys_of(plan),
              (Words{"example.com s1 rsa", "example.net n1 rsa", "example.net e ed25519"}));
    EXPECT_EQ(plan.count(Severity::error), 0U);
    EXPECT_EQ(setting_of(plan, "dkim_canonicalization", "example.com"), "relaxed/relaxed");
    EXPECT_EQ(setting_of(plan, "dkim_expiry", "example.com"), "0 s");
    EXPECT_TRUE(setting_of(plan, "dkim_signed_headers", "example.net")
                    .starts_with("from, sender, reply-to, subject"));
    EXPECT_TRUE(setting_of(plan, "dkim_oversign_headers", "example.net")
                    .starts_with("from, sender?, reply-to, subject, date?"));
    EXPECT_TRUE(says(plan, Severity::differs, "dkim_signing.conf:1:1: allow_username_mismatch"));
    EXPECT_FALSE(says(plan, Severity::differs, "use_esld"));
    EXPECT_EQ(trusted_of(plan), (Words{"127.0.0.1", "::1"}));
}

TEST(Rspamd, GW_12_maps_paths_and_the_fallback) {
    const auto plan = import(
        "selector_map = \"/m/selectors\";\npath_map = \"file:///m/paths\";\npath = "
        "\"/dk/$domain.$selector.key\";\n"
        "selector = \"2020\";\nsign_headers = \"from:subject\";\nsign_networks = "
        "[\"192.0.2.0/24\", \"mail.example.com\"];\n"
        "sign_local = false;\n",
        {{"/m/selectors", "example.com s1\n# no\nexample.org s2\n"},
         {"/m/paths", "example.com /k/a.key\n"},
         {"/dk/example.org.s2.key", rsa_pem()},
         {"/dk/example.net.2020.key", ed25519_pem()},
         {"/dk/readme", ""}});
    EXPECT_EQ(keys_of(plan),
              (Words{"example.com s1 rsa", "example.org s2 rsa", "example.net 2020 ed25519"}));
    EXPECT_EQ(setting_of(plan, "dkim_signed_headers", "example.org"), "from, subject");
    EXPECT_EQ(setting_of(plan, "dkim_oversign_headers", "example.org"), "none");
    EXPECT_EQ(trusted_of(plan), (Words{"192.0.2.0/24"}));
}

TEST(Rspamd, GW_12_local_merges_and_override_replaces) {
    const Texts files = {{"/etc/rspamd/modules.d/dkim_signing.conf",
                          "dkim_signing {\n selector = \"dkim\";\n use_esld = "
                          "true;\n.include(try=true,priority=1,duplicate=merge) "
                          "\"$LOCAL_CONFDIR/local.d/dkim_signing.conf\"\n}\n"},
                         {"/etc/rspamd/override.d/dkim_signing.conf",
                          "domain { example.net { path = /k/e.key; selector = o } }\n"}};
    EXPECT_EQ(keys_of(import("domain { example.com { path = /k/a.key } }\n", files)),
              (Words{"example.net o ed25519"}));
    auto fewer = files;
    fewer.erase("/etc/rspamd/override.d/dkim_signing.conf");
    EXPECT_EQ(
        keys_of(import(
            "domain { a.com { path = /k/a.key } }\ndomain { b.com { path = /k/a.key } }\n", fewer)),
        (Words{"a.com dkim rsa", "b.com dkim rsa"}));
}

TEST(Rspamd, GW_12_what_cannot_be_taken_over_is_told) {
    EXPECT_TRUE(says(
        import("use_redis = true;\n"), Severity::error, "use_redis: keys that are not in files"));
    EXPECT_TRUE(says(import("nonsense = 1;\n"),
                     Severity::error,
                     "dkim_signing.conf:1:1: \"nonsense\" is no option"));
    EXPECT_TRUE(says(import("signing_table = /x;\n"), Severity::error, "opendkim.conf"));
    EXPECT_TRUE(says(
        import("domain { example.com { path = /none } }\n"), Severity::error, "cannot read /none"));
    EXPECT_TRUE(says(
        import("path = /k/a.key;\n"), Severity::differs, "one key for the mail of all domains"));
    EXPECT_TRUE(
        says(import("a = {"), Severity::error, "dkim_signing.conf:1:6: a section has no end"));
    EXPECT_TRUE(says(import("enabled = false;\n"), Severity::warning, "switched off"));
    EXPECT_TRUE(says(import("path_map = \"redis://x\";\n"), Severity::error, "only maps in files"));
    EXPECT_TRUE(says(import(".include \"/x\"\n"), Severity::error, "is not followed"));
    EXPECT_TRUE(
        says(import_rspamd(MemoryFiles({}), "/none"), Severity::error, "cannot read /none"));
}

}  // namespace
}  // namespace bulla::importers
