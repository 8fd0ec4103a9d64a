// folders: dmarc
#include "dmarc/evaluate.h"
#include "dmarc/record.h"

#include "target.h"

#include <cstdlib>
#include <string>

namespace dmarc = bulla::dmarc;
namespace dns = bulla::dns;

// A DMARC record as text; the same as the record of every name, so that an evaluation goes all its ways and comes to an end.
extern "C" int run_fuzz_target(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    const auto record = dmarc::parse_record(text);
    if (record && !dmarc::is_record(text)) {
        std::abort();
    }
    dmarc::Input input{
        .authors = {.domains = {bulla::DomainName::parse("a.b.example.com").value()}},
        .spf = {.verdict = bulla::Verdict::pass, .domain = "mail.b.example.com"}};
    const dmarc::Evaluation evaluation(std::move(input));
    std::vector<dns::DnsAnswer> answers;
    for (int round = 0; round < 4; ++round) {
        const dmarc::Step step = evaluation.evaluate(answers);
        if (step.questions.empty()) {
            return 0;
        }
        for (const dns::DnsQuestion& question : step.questions) {
            answers.push_back({.type = question.type,
                               .name = question.name,
                               .rcode = question.type == dns::RecordType::a ? dns::Rcode::name_error
                                                                            : dns::Rcode::no_error,
                               .records = {dns::write_txt(text)}});
        }
    }
    std::abort();
}
