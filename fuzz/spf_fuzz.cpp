// folders: spf
#include "spf/check.h"
#include "spf/macro.h"
#include "spf/received_spf.h"
#include "spf/record.h"

#include "target.h"

#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace dns = bulla::dns;
namespace spf = bulla::spf;

namespace {

void must(bool holds) {
    if (!holds) {
        std::abort();
    }
}

std::string_view take_line(std::string_view& rest) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    return line;
}

bool is_printable(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

// The n-th answer of a DNS that says whatever the lines say, turn by turn: "t…" a text, "r…" RDATA as it stands, "e" no such name, "f" a failure.
dns::DnsAnswer make_answer(const dns::DnsQuestion& question, std::string_view line) {
    dns::DnsAnswer answer{
        .type = question.type, .name = question.name, .rcode = dns::Rcode::no_error, .records = {}};
    if (line.starts_with('t')) {
        answer.records.push_back(dns::write_txt(line.substr(1)));
    } else if (line.starts_with('r')) {
        answer.records.assign(3, std::string(line.substr(1)));
    } else if (line.starts_with('e')) {
        answer.rcode = dns::Rcode::name_error;
    } else if (line.starts_with('f')) {
        answer.rcode = dns::Rcode::server_failure;
    }
    return answer;
}

}  // namespace

// Three lines for HELO, sender and the address of the client, then one for each answer of the DNS.
extern "C" int run_fuzz_target(const std::uint8_t* data, std::size_t size) {
    std::string_view rest(reinterpret_cast<const char*>(data), size);
    spf::Client client;
    client.helo = take_line(rest);
    client.sender = take_line(rest);
    client.ip = bulla::Ip::parse(take_line(rest)).value_or(bulla::Ip());
    std::vector<std::string_view> lines;
    while (!rest.empty()) {
        lines.push_back(take_line(rest));
        (void)spf::parse_record(lines.back());
    }
    const spf::Check check(client, spf::Identity::mail_from);
    std::vector<dns::DnsAnswer> answers;
    for (std::size_t round = 0;; ++round) {
        must(round <= spf::Check::max_rounds && answers.size() < 500);
        auto step = check.evaluate(answers);
        if (const auto* const result = std::get_if<spf::CheckResult>(&step)) {
            must(result->verdict != bulla::Verdict::policy && !result->reason.empty());
            must(is_printable(result->reason) && is_printable(result->explanation));
            must(is_printable(result->record) && is_printable(result->mechanism));
            must(result->explanation.empty() || result->verdict == bulla::Verdict::fail);
            must(result->answers.size() <= answers.size());
            (void)spf::write_received_spf(client, *result);
            std::ranges::reverse(answers);
            const auto again = check.evaluate(answers);
            must(std::get<spf::CheckResult>(again).verdict == result->verdict);
            return 0;
        }
        const auto& questions = std::get<spf::Check::Questions>(step);
        must(!questions.empty());
        for (const dns::DnsQuestion& question : questions) {
            must(question.name.size() <= 253);
            const std::size_t turn = answers.size();
            answers.push_back(make_answer(
                question, lines.empty() ? std::string_view("e") : lines[turn % lines.size()]));
        }
    }
}
