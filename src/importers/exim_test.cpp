#include "importers/exim.h"

#include "importers/exim_expand.h"
#include "importers/test_support.h"

namespace bulla::importers {
namespace {

using Texts = std::map<std::string, std::string>;
using Words = std::vector<std::string>;

ImportPlan import(std::string text, Texts more = {}) {
    more["/etc/exim.conf"] = std::move(text);
    more.try_emplace("/k/a.key", rsa_pem());
    more.try_emplace("/k/e.key", ed25519_pem());
    return import_exim(MemoryFiles(std::move(more)), "/etc/exim.conf");
}

std::string transport(const std::string& options) {
    return "primary_hostname = mx\nbegin transports\nlocal:\n  driver = appendfile\nremote_smtp:\n "
           " driver = smtp\n" +
           options + "begin retry\n* * F,2h,15m\n";
}

TEST(EximExpand, GW_12_strings_expand_as_far_as_they_are_pure) {
    const MemoryFiles files({{"/l", "# x\nexample.com: one\nExample.NET   two words\n  more\n"}});
    const EximExpander::Variables variables{{"sender_address_domain", "Example.com"},
                                            {"dkim_domain", "d.example"}};
    const std::vector<std::pair<std::string, std::string>> rows = {
        {"plain", "plain"},
        {"/k/$dkim_domain.key", "/k/d.example.key"},
        {"${lc:$sender_address_domain}", "example.com"},
        {"${lc:${domain:$h_from:}}", "example.com"},
        {"${domain:${address:$rh_From:}}", "Example.com"},
        {"${sender_address_domain}", "Example.com"},
        {"${lookup{$sender_address_domain}lsearch{/l}}", "one"},
        {"${lookup {example.net} lsearch {/l} {x-$value} {no}}", "x-two words"},
        {"${lookup{nobody}lsearch{/l}{$value}{no}}", "no"},
        {"${if exists{/l}{yes}{no}}", "yes"},
        {"${if exists{/none}{yes}}", ""},
        {"a\\$b", "a$b"},
        {"${run{/bin/sh}}", "! ${run (at octet 6)"},
        {"$unknown", "! $unknown (at octet 9)"},
        {"${lookup{x}mysql{y}}", "! the lookup mysql"},
        {"${lc:x", "! a text whose brace is never closed"},
        {"${lookup{x}lsearch{/none}}", "! /none"},
    };
    for (const auto& [text, result] : rows) {
        const auto out = EximExpander(files, variables).expand(text);
        if (result.starts_with("! ")) {
            ASSERT_FALSE(out) << text;
            EXPECT_NE(out.error().text.find(result.substr(2)), std::string::npos)
                << out.error().text;
        } else {
            EXPECT_EQ(out ? out->text : out.error().text, result) << text;
        }
    }
    std::string deep;
    for (int i = 0; i < 1000; ++i) {
        deep += "${lc:";
    }
    EXPECT_FALSE(EximExpander(files, variables).expand(deep));
}

TEST(Exim, GW_12_one_domain_by_name) {
    const auto plan = import(transport(
        "  dkim_domain = example.com\n  dkim_selector = s1\n  dkim_private_key = /k/a.key\n"
        "  dkim_canon = simple\n  dkim_timestamps = 86400\n  dkim_sign_headers = "
        "+From:=Subject:To\n"));
    EXPECT_EQ(keys_of(plan), (Words{"example.com s1 rsa"}));
    EXPECT_EQ(plan.count(Severity::error), 0U);
    EXPECT_EQ(setting_of(plan, "dkim_canonicalization", "example.com"), "simple/simple");
    EXPECT_EQ(setting_of(plan, "dkim_expiry", "example.com"), "1 d");
    EXPECT_EQ(setting_of(plan, "dkim_signed_headers", "example.com"), "From, Subject, To");
    EXPECT_EQ(setting_of(plan, "dkim_oversign_headers", "example.com"), "From");
    EXPECT_TRUE(says(plan,
                     Severity::differs,
                     "/etc/exim.conf:7:3: Exim signs all mail of this transport as example.com"));
}

TEST(Exim, GW_12_domains_by_their_key_files_and_by_lookups) {
    EXPECT_EQ(
        keys_of(import(
            transport(
                "dkim_domain = ${lc:${domain:$h_from:}}\ndkim_selector = x\n"
                "dkim_private_key = ${if exists{/dk/$dkim_domain.key}{/dk/$dkim_domain.key}{0}}\n"),
            {{"/dk/example.com.key", rsa_pem()}})),
        (Words{}));
    const auto by_files =
        import(transport("dkim_domain = ${lc:${domain:$h_from:}}\ndkim_selector = x : y\n"
                         "dkim_private_key = /dk/${dkim_domain}/x.key\n"),
               {{"/dk/example.com/x.key", rsa_pem()}, {"/dk/example.net/x.key", ed25519_pem()}});
    EXPECT_EQ(keys_of(by_files),
              (Words{"example.com x rsa",
                     "example.com y rsa waits",
                     "example.net x ed25519",
                     "example.net y ed25519 waits"}));
    const auto by_lookup = import(
        transport(
            "dkim_domain = ${lookup{$sender_address_domain}lsearch{/l}{$sender_address_domain}}\n"
            "dkim_selector = ${lookup{$dkim_domain}lsearch{/l}}\ndkim_private_key = /k/a.key\n"),
        {{"/l", "example.com: s1\nexample.org: s2\n"}});
    EXPECT_EQ(keys_of(by_lookup), (Words{"example.com s1 rsa", "example.org s2 rsa"}));
    EXPECT_TRUE(says(by_lookup, Severity::differs, "goes by the envelope sender"));
}

TEST(Exim, GW_12_macros_conditions_and_the_folder_of_debian) {
    const std::string remote =
        "remote_smtp:\n  driver = smtp\n.ifdef DKIM_DOMAIN\ndkim_domain = "
        "DKIM_DOMAIN\n.endif\n.ifdef DKIM_SELECTOR\n"
        "dkim_selector = DKIM_SELECTOR\n.endif\n.ifdef DKIM_PRIVATE_KEY\ndkim_private_key = "
        "DKIM_PRIVATE_KEY\n.endif\n"
        ".ifdef DKIM_CANON\ndkim_canon = DKIM_CANON\n.else\n.ifdef "
        "NOT_THERE\nnonsense\n.endif\n.endif\n";
    const std::string macros =
        "DKIM_DOMAIN = \\\n  example.com\nDKIM_SELECTOR = s1\nDIR = /k\nDKIM_PRIVATE_KEY = "
        "DIR/a.key\n";
    Texts files = {{"/etc/exim4/exim4.conf.localmacros", macros},
                   {"/etc/exim4/exim4.conf.template", "begin transports\n" + remote},
                   {"/etc/exim4/conf.d/main/01_a", "begin transports\n"},
                   {"/etc/exim4/conf.d/transport/30_remote", remote},
                   {"/k/a.key", rsa_pem()}};
    EXPECT_EQ(keys_of(import_exim(MemoryFiles(files), "/etc/exim4")),
              (Words{"example.com s1 rsa"}));
    files["/etc/exim4/update-exim4.conf.conf"] = "dc_use_split_config='true'\n";
    files.erase("/etc/exim4/exim4.conf.template");
    EXPECT_EQ(keys_of(import_exim(MemoryFiles(files), "/etc/exim4")),
              (Words{"example.com s1 rsa"}));
    files["/etc/exim4/exim4.conf"] = ".include m\nbegin transports\n" + remote;
    files["/etc/exim4/m"] =
        "DKIM_DOMAIN=example.net\nDKIM_SELECTOR=s2\nDKIM_PRIVATE_KEY=/k/a.key\n";
    EXPECT_EQ(keys_of(import_exim(MemoryFiles(files), "/etc/exim4")),
              (Words{"example.net s2 rsa"}));
}

TEST(Exim, GW_12_what_cannot_be_told_is_an_error_with_its_line) {
    const std::string rest = "dkim_selector = s\ndkim_private_key = /k/a.key\n";
    EXPECT_TRUE(says(import(transport("dkim_domain = ${run{x}}\n" + rest)),
                     Severity::error,
                     "/etc/exim.conf:7:1: bulla cannot tell what ${run"));
    EXPECT_TRUE(says(import(transport("dkim_domain = $sender_address_domain\n" + rest)),
                     Severity::error,
                     "no file of keys or of a lookup"));
    EXPECT_TRUE(says(import(transport("dkim_domain = a.com\n")),
                     Severity::error,
                     "needs dkim_domain, dkim_selector"));
    EXPECT_TRUE(says(import(transport("dkim_domain = a.com\ndkim_new = 1\n" + rest)),
                     Severity::error,
                     "dkim_new is no option"));
    EXPECT_TRUE(says(import(transport("")), Severity::warning, "no transport here signs"));
    EXPECT_TRUE(says(import(".include /etc/exim.conf\n"), Severity::error, "include each other"));
    EXPECT_TRUE(says(import(transport("dkim_domain = a.com\ndkim_timestamps = soon\n" + rest)),
                     Severity::error,
                     "number of seconds"));
}

}  // namespace
}  // namespace bulla::importers
