// folders: arc
// ARC by library call, messages of data/ and keys of keys/ in the current folder: arcverify.<key>.<size> of a chain of three sets, and
// arcseal.<key>.<size> of the fourth. The message is parsed anew each time; keys are kept, as in the gateway.
#include "arc/seal.h"
#include "arc/verify.h"

#include "loop.h"

namespace {

namespace arc = bulla::arc;
namespace crypto = bulla::crypto;
namespace dns = bulla::dns;
namespace mail = bulla::mail;

constexpr bulla::Time now = bulla::from_unix(1'783'000'000);
constexpr int sets = 3;

arc::SealOptions options_for(const std::string& name, bulla::Verdict chain) {
    return {.domain = bulla::DomainName::parse("example.com").value(),
            .selector = bulla::Selector::parse("sel").value(),
            .key = crypto::PrivateKey::parse_pem(read_file("keys/" + name + ".pem")).value(),
            .time = now,
            .chain = chain,
            .results = {.authserv_id = "mx.example.com",
                        .methods = {{.method = "spf", .result = "pass"},
                                    {.method = "dmarc", .result = "pass"}}}};
}

void run(const std::string& name, const std::string& size) {
    std::string text = read_file("data/" + size + ".eml");
    for (int i = 0; i < sets; ++i) {
        const auto chain = i == 0 ? bulla::Verdict::none : bulla::Verdict::pass;
        text.insert(0, arc::seal(*mail::Message::parse(text), options_for(name, chain)).value());
    }
    const auto bytes = std::make_shared<const std::string>(std::move(text));
    const arc::SealOptions options = options_for(name, bulla::Verdict::pass);
    measure(figure("arcseal", name, size),
            [&] { check(arc::seal(*mail::Message::parse(bytes), options).has_value(), "seal"); });

    const std::vector<dns::DnsAnswer> answers{
        {.type = dns::RecordType::txt,
         .name = "sel._domainkey.example.com",
         .rcode = dns::Rcode::no_error,
         .records = {dns::write_txt(read_file("keys/" + name + ".txt"))}}};
    bulla::dkim::KeyCache keys;
    measure(figure("arcverify", name, size), [&] {
        const arc::Verification verification(*mail::Message::parse(bytes), now);
        check(verification.evaluate(answers, keys).status == bulla::Verdict::pass, "verify");
    });
}

}  // namespace

int main() {
    for (const char* name : {"rsa2048", "ed25519"}) {
        for (const char* size : {"4k", "50k"}) {
            run(name, size);
        }
    }
    return 0;
}
