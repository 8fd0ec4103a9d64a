#include "dmarc/evaluate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

namespace bulla::dmarc {
namespace {

DomainName domain(std::string_view text) {
    return DomainName::parse(text).value();
}

class Dmarc : public testing::Test {
  protected:
    void publish(const std::string& where, const std::string& text) {
        records_["_dmarc." + where].push_back(text);
    }

    void sign(const std::string& by, Verdict verdict = Verdict::pass) {
        dkim::SignatureResult& signature = input_.signatures.emplace_back();
        signature.verdict = verdict;
        signature.domain = by;
    }

    dns::DnsAnswer answer(const dns::DnsQuestion& question) {
        dns::DnsAnswer out{.type = question.type,
                           .name = question.name,
                           .rcode = dns::Rcode::name_error,
                           .records = {}};
        if (failing_.contains(question.name)) {
            out.rcode = dns::Rcode::server_failure;
        } else if (question.type == dns::RecordType::a) {
            out.rcode = existing_.contains(question.name) ? dns::Rcode::no_error : out.rcode;
        } else if (const auto found = records_.find(question.name); found != records_.end()) {
            out.rcode = dns::Rcode::no_error;
            for (const std::string& text : found->second) {
                out.records.push_back(dns::write_txt(text));
            }
        }
        return out;
    }

    /// Asks and evaluates until there is a result.
    DmarcResult judge_all(const std::vector<std::string>& authors) {
        input_.authors.domains.clear();
        for (const std::string& author : authors) {
            input_.authors.domains.push_back(domain(author));
        }
        const Evaluation evaluation(input_, options_);
        std::vector<dns::DnsAnswer> answers;
        asked_.clear();
        for (rounds_ = 0; rounds_ < 4; ++rounds_) {
            Step step = evaluation.evaluate(answers);
            if (step.questions.empty()) {
                return step.result;
            }
            for (const dns::DnsQuestion& question : step.questions) {
                EXPECT_TRUE(asked_.insert(question.name).second) << question.name << " twice";
                answers.push_back(answer(question));
            }
        }
        ADD_FAILURE() << "no end";
        return {};
    }

    DmarcResult judge(const std::string& author) { return judge_all({author}); }

    Input input_;
    Options options_;
    std::map<std::string, std::vector<std::string>> records_;
    std::set<std::string> failing_;
    std::set<std::string> existing_;
    std::set<std::string> asked_;
    int rounds_ = 0;
};

TEST_F(Dmarc, rfc9989_4_10_the_eight_names) {
    const std::vector<std::string> expected{"a.b.c.d.e.f.g.h.i.j.mail.example.com",
                                            "g.h.i.j.mail.example.com",
                                            "h.i.j.mail.example.com",
                                            "i.j.mail.example.com",
                                            "j.mail.example.com",
                                            "mail.example.com",
                                            "example.com",
                                            "com"};
    EXPECT_EQ(names_to_walk(domain("a.b.c.d.e.f.g.h.i.j.mail.example.com")), expected);
    EXPECT_EQ(names_to_walk(domain("a.b.c.d.e.f.g.h")).size(), 8U);
    EXPECT_EQ(names_to_walk(domain("com")), std::vector<std::string>{"com"});
}

TEST_F(Dmarc, rfc9989_4_10_2_the_examples_of_organisational_domains) {
    publish("mail.example.com", "v=DMARC1; p=none");
    publish("example.com", "v=DMARC1; p=reject");
    EXPECT_EQ(judge("a.mail.example.com").organization, "example.com");
    records_["_dmarc.mail.example.com"] = {"v=DMARC1; p=none; psd=n"};
    EXPECT_EQ(judge("a.mail.example.com").organization, "mail.example.com");
    records_.clear();
    publish("com", "v=DMARC1; p=quarantine; sp=reject; psd=y");
    const auto result = judge("a.mail.example.com");
    EXPECT_EQ(result.organization, "example.com");
    // RFC 9989 4.10.1: the record of the public suffix counts where the organisation has none.
    EXPECT_EQ(result.policy_domain, "com");
    EXPECT_EQ(result.policy, Policy::reject);
    // The suffix itself is its own organisation.
    EXPECT_EQ(judge("com").organization, "com");
    EXPECT_EQ(judge("com").policy, Policy::quarantine);
}

TEST_F(Dmarc, DK_20_rfc9989_4_4_alignment) {
    struct Case {
        const char* modes;
        const char* spf;
        const char* dkim;
        Verdict verdict;
    };

    const Case cases[] = {
        {"", "foo.example.com", "", Verdict::pass},
        {"", "", "foo.example.com", Verdict::pass},
        {"", "news.example.com", "", Verdict::pass},
        {"", "example.net", "foo.example.net", Verdict::fail},
        {"aspf=s;", "foo.example.com", "", Verdict::fail},
        {"aspf=s;", "NEWS.example.com", "", Verdict::pass},
        {"adkim=s;", "", "foo.example.com", Verdict::fail},
        {"adkim=s;", "foo.example.com", "foo.example.com", Verdict::pass},
        {"adkim=s;", "", "news.example.com", Verdict::pass},
        {"", "", "", Verdict::fail},
        {"", "notexample.com", "com", Verdict::fail},
    };
    for (const Case& one : cases) {
        records_.clear();
        publish("example.com", std::string("v=DMARC1; p=reject; ") + one.modes);
        input_ = {};
        input_.spf = {.verdict = Verdict::pass, .domain = one.spf};
        sign(one.dkim);
        const auto result = judge("news.example.com");
        EXPECT_EQ(result.verdict, one.verdict) << one.modes << one.spf << " " << one.dkim;
        EXPECT_EQ(result.policy, one.verdict == Verdict::pass ? Policy::none : Policy::reject);
    }
}

TEST_F(Dmarc, rfc9989_4_10_2_parts_of_an_organisation_may_part) {
    publish("example.com", "v=DMARC1; p=reject");
    publish("lab.example.com", "v=DMARC1; p=reject; psd=n");
    sign("x.lab.example.com");
    EXPECT_EQ(judge("example.com").verdict, Verdict::fail);
    EXPECT_EQ(judge("y.lab.example.com").verdict, Verdict::pass);
}

TEST_F(Dmarc, rfc9989_4_7_which_policy_applies) {
    existing_ = {"there.example.com"};

    struct Case {
        const char* tags;
        const char* author;
        Policy policy;
        const char* tag;
    };

    const Case cases[] = {
        {"p=reject", "example.com", Policy::reject, "p"},
        {"p=reject", "there.example.com", Policy::reject, "p"},
        {"p=reject; sp=none", "there.example.com", Policy::none, "sp"},
        {"p=reject; sp=none", "example.com", Policy::reject, "p"},
        {"p=none; sp=quarantine; np=reject", "there.example.com", Policy::quarantine, "sp"},
        {"p=none; sp=quarantine; np=reject", "gone.example.com", Policy::reject, "np"},
        {"p=none; np=reject", "gone.example.com", Policy::reject, "np"},
        {"p=none; np=reject", "there.example.com", Policy::none, "p"},
        {"p=none; np=reject", "example.com", Policy::none, "p"},
        {"p=reject; t=y", "example.com", Policy::quarantine, "p"},
        {"p=quarantine; t=y", "example.com", Policy::none, "p"},
        {"p=none; t=y", "example.com", Policy::none, "p"},
        {"p=reject; pct=0", "example.com", Policy::reject, "p"},
    };
    for (const Case& one : cases) {
        records_.clear();
        publish("example.com", std::string("v=DMARC1; ") + one.tags);
        const auto result = judge(one.author);
        EXPECT_EQ(result.verdict, Verdict::fail);
        EXPECT_EQ(result.policy, one.policy) << one.tags << " " << one.author;
        EXPECT_EQ(result.policy_tag, one.tag) << one.tags << " " << one.author;
    }
}

TEST_F(Dmarc, rfc9989_4_10_which_records_count) {
    EXPECT_EQ(judge("a.example.com").verdict, Verdict::none);
    publish("example.com", "v=DMARC1; p=reject");
    publish("example.com", "v=DMARC1; p=none");
    EXPECT_EQ(judge("a.example.com").verdict, Verdict::none) << "two records are none";
    records_["_dmarc.example.com"] = {"v=spf1 -all", "v=DMARC1; p=reject", "google-site=1"};
    EXPECT_EQ(judge("a.example.com").policy, Policy::reject);
    records_["_dmarc.example.com"] = {"v=DMARC1; p=oops"};
    EXPECT_EQ(judge("a.example.com").verdict, Verdict::none);
}

TEST_F(Dmarc, rfc9989_5_3_1_authors) {
    EXPECT_EQ(judge_all({}).verdict, Verdict::permerror);
    publish("strict.example", "v=DMARC1; p=reject");
    publish("lax.example", "v=DMARC1; p=none");
    sign("lax.example");
    const auto result = judge_all({"lax.example", "none.example", "strict.example"});
    EXPECT_EQ(result.verdict, Verdict::fail);
    EXPECT_EQ(result.domain, "strict.example");
    EXPECT_EQ(result.policy, Policy::reject);
    sign("strict.example");
    EXPECT_EQ(judge_all({"lax.example", "strict.example"}).verdict, Verdict::pass);
    // Beside one that passes, one without a record does not: who reads the mail may take either for the author.
    EXPECT_EQ(judge_all({"lax.example", "none.example"}).verdict, Verdict::none);
}

TEST_F(Dmarc, failures_of_the_dns_are_temporary) {
    publish("example.com", "v=DMARC1; p=reject");
    failing_ = {"_dmarc.example.com"};
    EXPECT_EQ(judge("a.example.com").verdict, Verdict::temperror);
    EXPECT_EQ(judge("a.example.com").policy, Policy::none);
    // Its own record says what to do, yet another might have made it a part of an organisation.
    publish("a.example.com", "v=DMARC1; p=reject");
    EXPECT_EQ(judge("a.example.com").verdict, Verdict::temperror);
    sign("a.example.com");
    EXPECT_EQ(judge("a.example.com").verdict, Verdict::pass);
}

TEST_F(Dmarc, a_method_that_could_not_be_asked_fails_nobody) {
    publish("example.com", "v=DMARC1; p=reject");
    sign("m.example.com", Verdict::temperror);
    EXPECT_EQ(judge("example.com").verdict, Verdict::temperror);
    input_.spf = {.verdict = Verdict::pass, .domain = "example.com"};
    EXPECT_EQ(judge("example.com").verdict, Verdict::pass);
}

TEST_F(Dmarc, others_have_no_say_by_making_their_dns_fail) {
    publish("bank.com", "v=DMARC1; p=reject");
    failing_ = {"_dmarc.evil.com", "_dmarc.mail.evil.com"};
    sign("mail.evil.com");
    sign("other.evil.com", Verdict::temperror);
    input_.spf = {.verdict = Verdict::temperror, .domain = "evil.com"};
    const auto result = judge("bank.com");
    EXPECT_EQ(result.verdict, Verdict::fail);
    EXPECT_EQ(result.policy, Policy::reject);
    EXPECT_EQ(rounds_, 1);
}

TEST_F(Dmarc, what_is_asked_is_bounded) {
    publish("c.example", "v=DMARC1; p=reject; np=quarantine");
    for (int i = 0; i < 30; ++i) {
        sign("s" + std::to_string(i) + ".a.b.c.d.e.f.g.h.i.j.k.c.example");
    }
    EXPECT_EQ(judge("a.b.c.d.e.f.g.h.i.j.c.example").verdict, Verdict::pass);
    EXPECT_LE(asked_.size(), 8U * 9U + 1U);
    EXPECT_LE(rounds_, 3);
}

TEST_F(Dmarc, rfc7489_3_2_by_the_public_suffix_list) {
    const SuffixList list = SuffixList::parse("com\nco.uk\nuk\n").value();
    options_.suffix_list = &list;
    publish("uk", "v=DMARC1; p=reject");
    publish("x.co.uk", "v=DMARC1; p=quarantine");
    publish("mid.x.co.uk", "v=DMARC1; p=none");
    sign("other.x.co.uk");
    const auto result = judge("a.mid.x.co.uk");
    EXPECT_EQ(result.verdict, Verdict::pass);
    EXPECT_EQ(result.organization, "x.co.uk");
    EXPECT_EQ(result.policy_domain, "x.co.uk");
    EXPECT_FALSE(asked_.contains("_dmarc.mid.x.co.uk"));
    EXPECT_EQ(judge("y.co.uk").verdict, Verdict::none);
}

TEST_F(Dmarc, DK_20_the_method_of_authentication_results) {
    publish("example.com", "v=DMARC1; p=reject; t=y");
    const auto method = to_method(judge("a.example.com"));
    EXPECT_EQ(method.method, "dmarc");
    EXPECT_EQ(method.result, "fail");
    EXPECT_EQ(method.comment, "p=reject dis=quarantine");
    EXPECT_EQ(method.properties.at(0), (authres::Property{"header", "from", "a.example.com"}));
    EXPECT_EQ(to_method(judge("b.example.net")).result, "none");
}

Authors authors_of(std::string header) {
    return find_authors(mail::Message::parse(std::move(header) + "\r\n").value());
}

TEST(DmarcAuthor, rfc9989_5_3_1_the_from_field) {
    const auto one = authors_of(
        "From: \"x@other.example\" <a@B\xC3\xBC"
        "cher.example>, c@b\xC3\xBC"
        "cher.example\r\n");
    ASSERT_EQ(one.domains.size(), 1U) << one.problem;
    EXPECT_EQ(one.domains[0].ascii(), "xn--bcher-kva.example");
    const auto two = authors_of("From: a@a.example\r\nFROM: b@b.example\r\n");
    EXPECT_EQ(two.domains.size(), 2U);
    EXPECT_TRUE(two.several_fields);
    for (const char* header :
         {"Subject: x\r\n",
          "From: \r\n",
          "From: a@a.example <b@b.example>\r\n",
          "From: a@[192.0.2.1]\r\n",
          "From: a@a.example, @@\r\n",
          "From: a@1.example,a@2.example,a@3.example,a@4.example,a@5.example\r\n"}) {
        const auto none = authors_of(header);
        EXPECT_TRUE(none.domains.empty()) << header;
        EXPECT_FALSE(none.problem.empty()) << header;
    }
}

}  // namespace
}  // namespace bulla::dmarc
