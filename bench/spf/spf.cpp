// folders: spf
// A check of SPF with the answers of the DNS at hand: a record with a, mx and two include:, of which the second has 40 networks and the client
// in its last. Prints "check", the ns of constructing and evaluating once, and "rounds", those of the whole way from no answer to all of them.
#include "spf/check.h"

#include "../program.h"

#include <ctime>
#include <string>
#include <vector>

namespace dns = bulla::dns;
namespace spf = bulla::spf;

namespace {

constexpr int rounds = 100'000;

double cpu_seconds() {
    timespec t{};
    (void)::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

dns::DnsAnswer answer(dns::RecordType type, std::string name, std::string rdata) {
    return {.type = type,
            .name = std::move(name),
            .rcode = dns::Rcode::no_error,
            .ttl = std::chrono::seconds(300),
            .records = {std::move(rdata)}};
}

std::string networks(int first) {
    std::string record = "v=spf1";
    for (int i = 0; i < 40; ++i) {
        record += i % 2 == 0 ? " ip4:10." + std::to_string(first + i) + ".0.0/20"
                             : " ip6:2001:db8:" + std::to_string(first + i) + "::/48";
    }
    return record;
}

std::vector<dns::DnsAnswer> all_answers() {
    const std::string address("\xCB\0\x71\1", 4);
    return {
        answer(dns::RecordType::txt,
               "example.com",
               dns::write_txt("v=spf1 a mx include:_a.example.net include:_b.example.net ~all")),
        answer(dns::RecordType::a, "example.com", address),
        answer(dns::RecordType::mx, "example.com", std::string("\0\1\2mx\7example\3com\0", 18)),
        answer(dns::RecordType::a, "mx.example.com", address),
        answer(dns::RecordType::txt, "_a.example.net", dns::write_txt(networks(100) + " ~all")),
        answer(dns::RecordType::txt,
               "_b.example.net",
               dns::write_txt(networks(150) + " ip4:192.0.2.0/24 ~all"))};
}

spf::Check make_check() {
    return {{.ip = bulla::Ip::parse("192.0.2.1").value(),
             .helo = "mail.example.com",
             .sender = "joe@example.com",
             .receiver = "in.example.org",
             .now = bulla::from_unix(1'783'000'000)},
            spf::Identity::mail_from};
}

bool passes(const std::variant<spf::CheckResult, spf::Check::Questions>& step) {
    const auto* const result = std::get_if<spf::CheckResult>(&step);
    return result != nullptr && result->verdict == bulla::Verdict::pass;
}

// Answers each question, as a resolver with a full cache would.
void resolve(const std::vector<dns::DnsAnswer>& known) {
    const spf::Check check = make_check();
    std::vector<dns::DnsAnswer> got;
    auto step = check.evaluate(got);
    while (const auto* const questions = std::get_if<spf::Check::Questions>(&step)) {
        for (const dns::DnsQuestion& question : *questions) {
            for (const dns::DnsAnswer& one : known) {
                if (one.type == question.type && one.name == question.name) {
                    got.push_back(one);
                }
            }
        }
        step = check.evaluate(got);
    }
    if (!passes(step)) {
        give_up("the check did not pass");
    }
}

}  // namespace

int main() {
    const auto answers = all_answers();
    double begin = cpu_seconds();
    for (int i = 0; i < rounds; ++i) {
        if (!passes(make_check().evaluate(answers))) {
            give_up("the check did not pass");
        }
    }
    (void)std::printf("check %.0f\n", (cpu_seconds() - begin) * 1e9 / rounds);
    begin = cpu_seconds();
    for (int i = 0; i < rounds; ++i) {
        resolve(answers);
    }
    (void)std::printf("rounds %.0f\n", (cpu_seconds() - begin) * 1e9 / rounds);
    return 0;
}
