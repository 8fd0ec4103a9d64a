#include "directory/load.h"
#include "directory/token_keys.h"
#include "dkim/key_cache.h"
#include "dkim/sign.h"
#include "dkim/verify.h"
#include "names/domain.h"
#include "names/selector.h"
#include "pkcs11/token_key.h"
#include "services/dns_check.h"
#include "services/table.h"

#include <fmt/format.h>

namespace bulla::services {
namespace {

constexpr std::string_view sample =
    "From: postmaster\r\nSubject: A test of a key\r\nDate: Thu, 01 Jan 2026 00:00:00 "
    "+0000\r\n\r\nNobody sends this.\r\n";

Result<std::shared_ptr<const crypto::Signer>> load_key(ServiceContext& context,
                                                       const std::string& domain,
                                                       const std::string& selector) {
    BULLA_TRY(connection, context.database.lease());
    BULLA_TRY(row,
              (connection->query_first<std::string, std::string>(
                  "select public_key, token from dkim_key where domain = :domain and selector = "
                  ":selector",
                  {domain, selector})));
    if (!row) {
        return fail("dkim_key.missing",
                    Fault::sender,
                    fmt::format("{} has no DKIM key with the selector {}", domain, selector));
    }
    const auto& [pem, token] = *row;
    if (!token.empty()) {
        const auto snapshot = context.snapshots.current();
        BULLA_TRY(held, directory::find_token_key(token, pem, snapshot->config, snapshot.get()));
        return std::shared_ptr<const crypto::Signer>(std::move(held));
    }
    auto key =
        directory::load_vault_key(*connection, context.vault, "dkim", domain + "/" + selector);
    if (!key && key.error().code == "key.missing") {
        return fail(
            "dkim_key.destroyed",
            Fault::sender,
            fmt::format("the private key of {}/{} was destroyed: make another", domain, selector));
    }
    BULLA_TRY(held, std::move(key));
    return std::shared_ptr<const crypto::Signer>(std::move(held));
}

}  // namespace

// {"domain", "selector"} → {"domain", "selector", "self", "result", "detail"}: signs a message with the private key and verifies it with the public key (`self`)
// and with what the DNS serves now (`result`, and why), as any receiver would (DKD-01). Both are words of RFC 8601: pass, fail, permerror, temperror.
// Errors: dkim_key.missing, dkim_key.destroyed, net.resolver, those of the key.
Result<json> test_dkim_key(ServiceContext& context, const Caller&, const json& arguments) {
    Arguments in(arguments);
    BULLA_TRY(domain_text, in.text("domain", 253));
    BULLA_TRY(selector_text, in.text("selector", 128));
    BULLA_CHECK(in.finish());
    BULLA_TRY(domain, DomainName::parse(domain_text));
    BULLA_TRY(selector, Selector::parse(selector_text));
    BULLA_TRY(key, load_key(context, domain.ascii(), selector.text()));
    BULLA_TRY(message, mail::Message::parse(std::string(sample)));
    const Time now = context.clock.now();
    const std::vector<dkim::SignOptions> options{
        {.domain = domain, .selector = selector, .key = key, .time = now}};
    BULLA_TRY(field, dkim::sign(message, options));
    const std::vector<dkim::OwnKey> own{
        {.domain = domain, .selector = selector, .key = key->public_key()}};
    BULLA_TRY(self, dkim::self_check(field, message, own, now));
    BULLA_TRY(whole, mail::Message::parse(field + std::string(sample)));
    const dkim::Verification verification(whole, now);
    BULLA_TRY(ask, dns_of(context));
    std::vector<dns::DnsAnswer> answers;
    for (const auto& question : verification.questions()) {
        answers.push_back(ask(question));
    }
    dkim::KeyCache keys;
    const auto results = verification.evaluate(answers, keys);
    const auto& result = results.front();
    return json{
        {"domain", domain.ascii()},
        {"selector", selector.text()},
        {"self", to_string(self.front().verdict)},
        {"result", to_string(result.verdict)},
        {"detail",
         result.testing ? result.reason + " (the record says t=y: testing)" : result.reason}};
}

}  // namespace bulla::services
