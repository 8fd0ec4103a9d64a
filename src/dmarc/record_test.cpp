#include "dmarc/record.h"

#include <gtest/gtest.h>

namespace bulla::dmarc {
namespace {

TEST(DmarcRecord, rfc9989_4_7_all_tags) {
    const auto record = parse_record(
        "v=DMARC1; p=reject; sp=Quarantine; np=none; adkim=s; aspf=S; psd=n; t=y; pct=20; "
        "fo=1:d:s; "
        "rua=mailto:a@example.com!10m , https://r.example/x; ruf=mailto:f@example.com; unknown=x;");
    ASSERT_TRUE(record) << record.error().text;
    const Record expected{.policy = Policy::reject,
                          .subdomain_policy = Policy::quarantine,
                          .nonexistent_policy = Policy::none,
                          .dkim = Alignment::strict,
                          .spf = Alignment::strict,
                          .public_suffix = PublicSuffix::no,
                          .testing = true,
                          .aggregate_reports = {"mailto:a@example.com", "https://r.example/x"},
                          .failure_reports = {"mailto:f@example.com"},
                          .failure_options = "1:d:s"};
    EXPECT_EQ(*record, expected);
}

TEST(DmarcRecord, rfc9989_4_7_the_version_comes_first) {
    for (const char* text : {"v=DMARC1;p=none", "v = DMARC1 ; p=none", " v=DMARC1", "v=DMARC1;"}) {
        EXPECT_TRUE(is_record(text)) << text;
    }
    for (const char* text : {"",
                             ";v=DMARC1",
                             "p=none; v=DMARC1",
                             "v=dmarc1; p=none",
                             "v=DMARC2; p=none",
                             "V=DMARC1; p=none",
                             "v=DMARC1 p=none",
                             "v=spf1 -all",
                             "x; v=DMARC1"}) {
        EXPECT_FALSE(is_record(text)) << text;
    }
    EXPECT_EQ(parse_record("v=spf1 -all").error().code, "dmarc.no_record");
    EXPECT_EQ(parse_record("v=DMARC1; p=none; x=" + std::string(longest_record, 'a')).error().code,
              "dmarc.too_long");
}

TEST(DmarcRecord, rfc9989_4_8_malformed_tags_count_as_missing) {
    const auto record = parse_record(
        "v=DMARC1; p=quarantine; adkim=x; aspf; psd=maybe; t=; fo=q; rua=nonsense; =;;p=none");
    ASSERT_TRUE(record) << record.error().text;
    EXPECT_EQ(*record, Record{.policy = Policy::quarantine});
}

TEST(DmarcRecord, rfc9989_4_10_1_without_a_policy_the_reports_decide) {
    for (const char* tags : {"", "p=bogus; ", "p=reject; sp=bogus; ", "p=reject; np=; "}) {
        const std::string text = std::string("v=DMARC1; ") + tags;
        EXPECT_EQ(parse_record(text).error().code, "dmarc.no_policy") << text;
        const auto record = parse_record(text + "rua=mailto:a@b.example");
        ASSERT_TRUE(record) << text;
        EXPECT_TRUE(record->repaired);
        EXPECT_EQ(record->policy, Policy::none);
        EXPECT_FALSE(record->subdomain_policy);
    }
}

TEST(DmarcRecord, limits_hold) {
    std::string text = "v=DMARC1; p=none; rua=";
    for (int i = 0; i < 40; ++i) {
        text += "mailto:a@b.example,";
    }
    const auto record = parse_record(text);
    ASSERT_TRUE(record);
    EXPECT_EQ(record->aggregate_reports.size(), most_report_addresses);
    std::string tags = "v=DMARC1;";
    for (int i = 0; i < 70; ++i) {
        tags += "x=y;";
    }
    EXPECT_EQ(parse_record(tags + "p=reject").error().code, "dmarc.no_policy");
}

}  // namespace
}  // namespace bulla::dmarc
