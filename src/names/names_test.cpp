#include "names/domain.h"
#include "names/ip.h"
#include "names/mailbox.h"
#include "names/message_id.h"
#include "names/selector.h"

#include <gtest/gtest.h>

#include <set>
#include <thread>
#include <vector>

namespace bulla {
namespace {

TEST(Domain, rfc1035_2_3_4_one_comparable_form) {
    const std::pair<std::string_view, std::string_view> cases[] = {
        {"example.org", "example.org"},
        {"EXAMPLE.Org.", "example.org"},
        {"_dmarc.example.org", "_dmarc.example.org"},
        {"r3---sn.example", "r3---sn.example"},
        {"localhost", "localhost"},
        {"4.3.2.1.in-addr.arpa", "4.3.2.1.in-addr.arpa"},
        {"b\xC3\xBC"
         "cher.example",
         "xn--bcher-kva.example"},
        {"B\xC3\x9C"
         "CHER.example",
         "xn--bcher-kva.example"},
        {"XN--BCHER-KVA.example", "xn--bcher-kva.example"},
        // Non-transitional processing keeps the sharp s.
        {"fa\xC3\x9F.de", "xn--fa-hia.de"},
        {"\xE4\xBE\x8B\xE3\x81\x88\xE3\x80\x82\xE3\x83\x86\xE3\x82\xB9\xE3\x83\x88",
         "xn--r8jz45g.xn--zckzah"}};
    for (const auto& [text, ascii] : cases) {
        const auto name = DomainName::parse(text);
        ASSERT_TRUE(name) << text;
        EXPECT_EQ(name->ascii(), ascii);
        EXPECT_EQ(DomainName::parse(name->ascii()).value(), *name);
        EXPECT_EQ(DomainName::parse(name->unicode()).value(), *name);
    }
}

TEST(Domain, rfc1035_2_3_4_limits_and_refusals) {
    const std::string label(63, 'a');
    const auto longest = label + '.' + label + '.' + label + '.' + label.substr(0, 61);
    EXPECT_EQ(longest.size(), 253U);
    EXPECT_TRUE(DomainName::parse(longest));
    EXPECT_TRUE(DomainName::parse(longest + '.'));
    const std::string bad[] = {"",
                               ".",
                               "a..b",
                               ".a",
                               "a..",
                               "-a.example",
                               "a-.example",
                               "a b.example",
                               "a\n.example",
                               std::string("a\0b", 3),
                               "a/b",
                               "192.0.2.1",
                               "[192.0.2.1]",
                               "xn--a.example",
                               "xn--a\xC3\xBC.example",
                               "\xFF\xFE.example",
                               "b\xC3.example",
                               "a\xE2\x80\x8E.example",
                               longest + 'a',
                               label + "a.example",
                               std::string(2000, 'a'),
                               "\xC3\xBC" + std::string(2000, 'a')};
    for (const auto& text : bad) {
        const auto name = DomainName::parse(text);
        ASSERT_FALSE(name) << text;
        EXPECT_EQ(name.error().code, "domain.bad");
    }
}

TEST(Domain, relations) {
    const auto name = DomainName::parse("a.b.example").value();
    EXPECT_TRUE(name.is_within(name));
    EXPECT_TRUE(name.is_within(DomainName::parse("b.example").value()));
    EXPECT_TRUE(name.is_within(DomainName::parse("example").value()));
    EXPECT_FALSE(name.is_within(DomainName::parse("xb.example").value()));
    EXPECT_FALSE(
        DomainName::parse("xb.example").value().is_within(DomainName::parse("b.example").value()));
    EXPECT_FALSE(DomainName::parse("example").value().is_within(name));
    EXPECT_EQ(name.parent(), "b.example");
    EXPECT_EQ(DomainName::parse("example").value().parent(), "");
    EXPECT_EQ(DomainName::parse("xn--bcher-kva.example").value().unicode(),
              "b\xC3\xBC"
              "cher.example");
}

TEST(Mailbox, rfc5321_4_1_2_forms) {
    struct Case {
        std::string_view text, local, domain, written, key;
    };

    const Case cases[] = {
        {"Jo.Doe+x@Example.ORG",
         "Jo.Doe+x",
         "example.org",
         "Jo.Doe+x@example.org",
         "jo.doe+x@example.org"},
        {"\"jo doe\"@a.example", "jo doe", "a.example", "\"jo doe\"@a.example", "jo doe@a.example"},
        {"\"jo\"@a.example", "jo", "a.example", "jo@a.example", "jo@a.example"},
        {"\"a@b\"@a.example", "a@b", "a.example", "\"a@b\"@a.example", "a@b@a.example"},
        {R"("a\"b\\c\d"@a.example)",
         R"(a"b\cd)",
         "a.example",
         R"("a\"b\\cd"@a.example)",
         R"(a"b\cd@a.example)"},
        {"\"\"@a.example", "", "a.example", "\"\"@a.example", "@a.example"},
        {"\".a.\"@a.example", ".a.", "a.example", "\".a.\"@a.example", ".a.@a.example"},
        {"!#$%&'*+-/=?^_`{|}~@a.example",
         "!#$%&'*+-/=?^_`{|}~",
         "a.example",
         "!#$%&'*+-/=?^_`{|}~@a.example",
         "!#$%&'*+-/=?^_`{|}~@a.example"},
        {"j\xC3\xB6@b\xC3\xBC.example",
         "j\xC3\xB6",
         "xn--b-eha.example",
         "j\xC3\xB6@xn--b-eha.example",
         "j\xC3\xB6@xn--b-eha.example"}};
    for (const auto& test : cases) {
        const auto mailbox = Mailbox::parse(test.text);
        ASSERT_TRUE(mailbox) << test.text;
        EXPECT_EQ(mailbox->local(), test.local);
        EXPECT_EQ(mailbox->domain().ascii(), test.domain);
        EXPECT_EQ(mailbox->text(), test.written);
        EXPECT_EQ(mailbox->key(), test.key);
        EXPECT_EQ(Mailbox::parse(mailbox->text()).value(), *mailbox);
    }
    EXPECT_TRUE(Mailbox::parse("j\xC3\xB6@a.example").value().needs_utf8());
    EXPECT_FALSE(Mailbox::parse("jo@b\xC3\xBC.example").value().needs_utf8());
}

TEST(Mailbox, rfc5321_4_5_3_1_limits_and_refusals) {
    EXPECT_TRUE(Mailbox::parse(std::string(64, 'a') + "@a.example"));
    EXPECT_TRUE(Mailbox::parse('"' + std::string(64, ' ') + "\"@a.example"));
    const std::string label(60, 'a');
    const auto domain = label + '.' + label + '.' + label + '.' + label.substr(0, 6);  // 189 octets
    EXPECT_TRUE(Mailbox::parse(std::string(64, 'a') + '@' + domain));
    const std::string bad[] = {"",
                               "@",
                               "a",
                               "@a.example",
                               "a@",
                               ".a@a.example",
                               "a.@a.example",
                               "a..b@a.example",
                               "a b@a.example",
                               "a@b@a.example",
                               "<a@a.example>",
                               "a@[192.0.2.1]",
                               "a@192.0.2.1",
                               "a@a.example.",
                               "\"a@a.example",
                               "\"a\"a.example",
                               "\"a\"b@a.example",
                               "\"a\\",
                               "\"a\nb\"@a.example",
                               "\"a\\\nb\"@a.example",
                               "a\r@a.example",
                               std::string("a\0@a.example", 12),
                               "a\x7F@a.example",
                               "a\xFF@a.example",
                               "a\xC2\x85@a.example",
                               "a\xC0\xAF@a.example",
                               "a\xED\xA0\x80@a.example",
                               "a\xF4\x90\x80\x80@a.example",
                               "a\xE2\x82@a.example",
                               std::string(65, 'a') + "@a.example",
                               std::string(65, 'a') + '@' + domain,
                               std::string(64, 'a') + '@' + domain + 'a',
                               "\"" + std::string(5000, 'a') + "\"@a.example"};
    for (const auto& text : bad) {
        const auto mailbox = Mailbox::parse(text);
        ASSERT_FALSE(mailbox) << text;
        EXPECT_EQ(mailbox.error().code, "mailbox.bad");
    }
}

TEST(Ip, rfc5952_4_canonical_text) {
    const std::pair<std::string_view, std::string_view> cases[] = {
        {"192.0.2.1", "192.0.2.1"},
        {"::ffff:192.0.2.1", "192.0.2.1"},
        {"::FFFF:C000:0201", "192.0.2.1"},
        {"2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
        {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
        {"2001:0db8::0001", "2001:db8::1"},
        {"::", "::"},
        {"::1", "::1"}};
    for (const auto& [text, canonical] : cases) {
        ASSERT_TRUE(Ip::parse(text)) << text;
        EXPECT_EQ(Ip::parse(text)->text(), canonical);
    }
    EXPECT_EQ(Ip::parse("::ffff:192.0.2.1").value(), Ip::parse("192.0.2.1").value());
    for (const auto* text : {"127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"}) {
        EXPECT_TRUE(Ip::parse(text)->is_loopback()) << text;
    }
    for (const auto* text : {"128.0.0.1", "::2", "::", "fe80::1", "1::1"}) {
        EXPECT_FALSE(Ip::parse(text)->is_loopback()) << text;
    }
}

TEST(Ip, rfc4291_2_2_refusals) {
    const std::string bad[] = {"",
                               "1.2.3",
                               "1.2.3.4.5",
                               "1.2.3.256",
                               "01.2.3.4",
                               " 1.2.3.4",
                               "1.2.3.4 ",
                               "::g",
                               "1::2::3",
                               "[::1]",
                               "fe80::1%eth0",
                               "12345::",
                               std::string("1.2.3.4\0", 8),
                               std::string(100, ':')};
    for (const auto& text : bad) {
        EXPECT_EQ(Ip::parse(text).error().code, "ip.bad") << text;
    }
}

TEST(Cidr, rfc4632_3_1_blocks) {
    struct Case {
        std::string_view block, inside, outside;
    };

    const Case cases[] = {{"192.0.2.0/24", "192.0.2.255", "192.0.3.0"},
                          {"192.0.2.128/25", "::ffff:192.0.2.128", "192.0.2.127"},
                          {"192.0.2.7", "192.0.2.7", "192.0.2.6"},
                          {"0.0.0.0/0", "203.0.113.1", "::1"},
                          {"::/0", "2001:db8::1", "192.0.2.1"},
                          {"2001:db8::/33", "2001:db8:7fff::", "2001:db8:8000::"},
                          {"::1", "::1", "::"}};
    for (const auto& test : cases) {
        const auto block = Cidr::parse(test.block);
        ASSERT_TRUE(block) << test.block;
        EXPECT_TRUE(block->contains(Ip::parse(test.inside).value())) << test.block;
        EXPECT_FALSE(block->contains(Ip::parse(test.outside).value())) << test.block;
        EXPECT_EQ(block->text(), test.block);
    }
    EXPECT_EQ(Cidr::parse("::ffff:0:0/96").value(), Cidr::parse("0.0.0.0/0").value());
    for (const auto* text : {"",
                             "/",
                             "192.0.2.1/24",
                             "192.0.2.0/33",
                             "::/129",
                             "192.0.2.0/",
                             "192.0.2.0/-1",
                             "192.0.2.0/024",
                             "192.0.2.0/ 24",
                             "192.0.2.0/24/1",
                             "2001:db8::1/64",
                             "::/99999999999"}) {
        EXPECT_EQ(Cidr::parse(text).error().code, "cidr.bad") << text;
    }
}

TEST(Selector, rfc6376_3_1_labels) {
    EXPECT_EQ(Selector::parse("S1.2024").value().text(), "s1.2024");
    EXPECT_EQ(Selector::parse("2026_a").value().text(), "2026_a");
    EXPECT_EQ(Selector::parse("b\xC3\xBC"
                              "cher")
                  .value()
                  .text(),
              "xn--bcher-kva");
    for (const auto& text : {std::string{},
                             std::string("a."),
                             std::string("."),
                             std::string("a b"),
                             std::string("-a"),
                             std::string("a;"),
                             std::string(64, 'a')}) {
        EXPECT_EQ(Selector::parse(text).error().code, "selector.bad") << text;
    }
}

constexpr std::int64_t millisecond = std::int64_t{1} << 22;

TEST(MessageId, text_and_back) {
    for (const auto number : {std::int64_t{1}, millisecond, std::int64_t{0x7FFFFFFFFFFFFFFF}}) {
        const MessageId id(number);
        EXPECT_EQ(id.text().size(), 13U);
        EXPECT_EQ(MessageId::parse(id.text()).value(), id);
    }
    EXPECT_EQ(MessageId(1).text(), "0000000000001");
    EXPECT_EQ(MessageId::parse("000000000000a").value(), MessageId::parse("000000000000A").value());
    EXPECT_LT(MessageId(millisecond).text(), MessageId(3 * millisecond).text());
    for (const auto* text : {"",
                             "0000000000000",
                             "000000000001",
                             "00000000000001",
                             "8000000000000",
                             "000000000000U",
                             "000000000000I",
                             "00000000000 1"}) {
        EXPECT_EQ(MessageId::parse(text).error().code, "message_id.bad") << text;
    }
}

TEST(MessageId, numbers_rise_and_never_repeat_even_when_the_clock_goes_back) {
    ManualClock clock(from_unix(1'800'000'000));
    MessageIds ids(clock, 5, 0);
    auto last = ids.next();
    EXPECT_EQ(last.time(), clock.now());
    // More than a millisecond's 4096 sequence numbers without the clock moving.
    for (int i = 0; i < 10'000; ++i) {
        const auto next = ids.next();
        ASSERT_LT(last, next);
        ASSERT_EQ((next.number() >> 12) & 1023, 5);
        last = next;
    }
    clock.set(from_unix(1'700'000'000));
    ASSERT_LT(last, ids.next());
    MessageIds after_restart(clock, 5, last.number());
    EXPECT_LT(last, after_restart.next());
    clock.set(from_unix(0));
    MessageIds before_epoch(clock, 0, 0);
    EXPECT_GT(before_epoch.next().number(), 0);
}

TEST(MessageId, threads_get_different_numbers) {
    const ManualClock clock(from_unix(1'800'000'000));
    MessageIds ids(clock, 1, 0);
    std::vector<std::vector<MessageId>> got(4);
    std::vector<std::thread> threads;
    threads.reserve(got.size());
    for (auto& mine : got) {
        threads.emplace_back([&ids, &mine] {
            for (int i = 0; i < 2000; ++i) {
                mine.push_back(ids.next());
            }
        });
    }
    std::set<MessageId> all;
    for (std::size_t i = 0; i < threads.size(); ++i) {
        threads[i].join();
        all.insert(got[i].begin(), got[i].end());
    }
    EXPECT_EQ(all.size(), 8000U);
}

}  // namespace
}  // namespace bulla
