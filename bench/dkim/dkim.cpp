// folders: dkim
// bulla's DKIM by library call, messages of data/ and keys of keys/ in the current folder: sign.<key>.<size>, verify.<key>.<size>.
// The message is parsed anew each time; keys are kept, as in the gateway.
#include "dkim/sign.h"
#include "dkim/verify.h"

#include "loop.h"

namespace {

namespace crypto = bulla::crypto;
namespace dkim = bulla::dkim;
namespace dns = bulla::dns;
namespace mail = bulla::mail;

constexpr bulla::Time now = bulla::from_unix(1'783'000'000);

void run(const std::string& name, const std::string& size) {
    const auto key = crypto::PrivateKey::parse_pem(read_file("keys/" + name + ".pem")).value();
    const auto bytes = std::make_shared<const std::string>(read_file("data/" + size + ".eml"));
    const dkim::SignOptions options{.domain = bulla::DomainName::parse("example.com").value(),
                                    .selector = bulla::Selector::parse("sel").value(),
                                    .key = key,
                                    .time = now};
    const auto sign = [&] {
        const auto message = mail::Message::parse(bytes);
        return dkim::sign(*message, std::span(&options, 1)).value();
    };
    measure(figure("sign", name, size), [&] { check(!sign().empty(), "sign"); });

    const auto signed_bytes = std::make_shared<const std::string>(sign() + *bytes);
    const std::vector<dns::DnsAnswer> answers{
        {.type = dns::RecordType::txt,
         .name = "sel._domainkey.example.com",
         .rcode = dns::Rcode::no_error,
         .records = {dns::write_txt(read_file("keys/" + name + ".txt"))}}};
    dkim::KeyCache keys;
    measure(figure("verify", name, size), [&] {
        const dkim::Verification verification(*mail::Message::parse(signed_bytes), now);
        const auto results = verification.evaluate(answers, keys);
        check(results.size() == 1 && results[0].verdict == bulla::Verdict::pass, "verify");
    });
}

}  // namespace

int main() {
    for (const char* name : {"rsa2048", "ed25519"}) {
        for (const char* size : {"4k", "50k", "1m"}) {
            run(name, size);
        }
    }
    return 0;
}
