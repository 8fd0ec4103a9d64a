#include "net/client_name.h"

#include <gtest/gtest.h>

#include <map>

namespace bulla::net {
namespace {

using Zone = std::map<std::pair<dns::RecordType, std::string>, std::vector<std::string>>;

std::string wire_name(std::string_view text) {
    std::string rdata;
    while (!text.empty()) {
        const auto dot = std::min(text.find('.'), text.size());
        rdata += static_cast<char>(dot);
        rdata += text.substr(0, dot);
        text.remove_prefix(std::min(dot + 1, text.size()));
    }
    return rdata + '\0';
}

std::string address(std::string_view text) {
    const auto ip = Ip::parse(text).value();
    const std::string bytes(ip.bytes().begin(), ip.bytes().end());
    return ip.is_v4() ? bytes.substr(12) : bytes;
}

/// Answers out of `zone`; names that begin with "broken" fail. Counts the questions.
Ask ask_in(const Zone& zone, int& asked) {
    return [&zone, &asked](dns::DnsQuestion question, Deadline) -> Task<dns::DnsAnswer> {
        ++asked;
        dns::DnsAnswer answer{.type = question.type, .name = question.name, .records = {}};
        if (!question.name.starts_with("broken")) {
            const auto found = zone.find({question.type, question.name});
            answer.rcode = found == zone.end() ? dns::Rcode::name_error : dns::Rcode::no_error;
            answer.records = found == zone.end() ? std::vector<std::string>{} : found->second;
        }
        co_return answer;
    };
}

struct Row {
    std::string_view what;
    std::string_view ip;
    std::vector<std::string> pointers;
    std::string_view name;
    int asked;
};

TEST(ClientName, rfc5321_4_1_3_is_given_only_if_both_zones_say_it) {
    const Zone hosts = {
        {{dns::RecordType::a, "mx.example.test"}, {address("192.0.2.1"), address("192.0.2.7")}},
        {{dns::RecordType::aaaa, "mx.example.test"}, {address("2001:db8::7")}},
        {{dns::RecordType::a, "other.example.test"}, {address("192.0.2.8"), "bad"}},
        {{dns::RecordType::a, "my_host.example.test"}, {address("192.0.2.7")}},
        {{dns::RecordType::a, "broken.example.test"}, {address("192.0.2.7")}},
    };
    const auto mx = wire_name("MX.example.test");
    const auto other = wire_name("other.example.test");
    const std::vector<Row> rows = {
        {"IPv4", "192.0.2.7", {mx}, "mx.example.test", 2},
        {"IPv6", "2001:db8::7", {mx}, "mx.example.test", 2},
        {"no PTR", "192.0.2.7", {}, "", 1},
        {"claimed, not confirmed", "192.0.2.7", {other}, "", 2},
        {"the other family does not confirm", "2001:db8::8", {other}, "", 2},
        {"the second of two", "192.0.2.7", {other, mx}, "mx.example.test", 3},
        {"no such host", "192.0.2.7", {wire_name("gone.example.test")}, "", 2},
        {"a failure of one",
         "192.0.2.7",
         {wire_name("broken.example.test"), mx},
         "mx.example.test",
         3},
        {"an underscore", "192.0.2.7", {wire_name("my_host.example.test")}, "", 1},
        {"the root", "192.0.2.7", {wire_name("")}, "", 1},
        {"a number", "192.0.2.7", {wire_name("192.0.2.7")}, "", 1},
        {"no name at all", "192.0.2.7", {"\xC0\x0C", ""}, "", 1},
        {"the fifth", "192.0.2.7", {other, other, other, other, mx}, "mx.example.test", 6},
        {"the sixth", "192.0.2.7", {other, other, other, other, other, mx}, "", 6},
    };
    for (const auto& row : rows) {
        Zone zone = hosts;
        const auto ip = Ip::parse(row.ip).value();
        zone[{dns::RecordType::ptr, dns::reverse_name(ip)}] = row.pointers;
        int asked = 0;
        EXPECT_EQ(run_blocking(find_client_name(ask_in(zone, asked), ip, no_deadline)), row.name)
            << row.what;
        EXPECT_EQ(asked, row.asked) << row.what;
    }
}

TEST(ClientName, bogus_data_names_nobody) {
    const auto ip = Ip::parse("192.0.2.7").value();
    const auto find = [&](dns::RecordType bogus) {
        const Ask ask = [bogus](dns::DnsQuestion question, Deadline) -> Task<dns::DnsAnswer> {
            const bool pointer = question.type == dns::RecordType::ptr;
            co_return dns::DnsAnswer{
                .type = question.type,
                .name = question.name,
                .rcode = dns::Rcode::no_error,
                .security = question.type == bogus ? dns::Security::bogus : dns::Security::secure,
                .records = {pointer ? wire_name("mx.example.test") : address("192.0.2.7")}};
        };
        return run_blocking(find_client_name(ask, ip, no_deadline));
    };
    EXPECT_EQ(find(dns::RecordType::mx), "mx.example.test");
    EXPECT_EQ(find(dns::RecordType::ptr), "");
    EXPECT_EQ(find(dns::RecordType::a), "");
}

TEST(ClientName, all_questions_have_one_deadline) {
    const auto until = after(std::chrono::hours(1));
    std::vector<Deadline> seen;
    const Ask ask = [&](dns::DnsQuestion question, Deadline given) -> Task<dns::DnsAnswer> {
        seen.push_back(given);
        co_return dns::DnsAnswer{.type = question.type,
                                 .name = question.name,
                                 .rcode = dns::Rcode::no_error,
                                 .records = {wire_name("a.test"), wire_name("b.test")}};
    };
    EXPECT_EQ(run_blocking(find_client_name(ask, Ip::parse("192.0.2.7").value(), until)), "");
    EXPECT_EQ(seen, (std::vector<Deadline>{until, until, until}));
}

}  // namespace
}  // namespace bulla::net
