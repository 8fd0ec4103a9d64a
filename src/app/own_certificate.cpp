#include "app/own_certificate.h"

#include "base/log.h"
#include "directory/load.h"
#include "names/domain.h"
#include "pki/self_signed.h"

#include <chrono>
#include <fmt/format.h>
#include <optional>
#include <string>

namespace bulla::app {

namespace {

constexpr int valid_days = 365;
constexpr std::chrono::days renew_after{335};

// A PEM block ends with "-----\n", so certificate and key need no other mark between them.
constexpr std::string_view key_mark = "-----BEGIN PRIVATE KEY-----";

Result<std::optional<SecretBytes>> load(services::Instance& instance, const std::string& host) {
    BULLA_TRY(connection, instance.database().lease());
    auto found = connection->query_first<std::string, std::int64_t>(
        "select sealed, created from vault_item where kind = 'tls' and id = :id", {host});
    if (!found) {
        return std::unexpected(std::move(found).error());
    }
    const auto& row = *found;
    if (!row || from_micros(std::get<1>(*row)) + renew_after < instance.clock().now()) {
        return std::optional<SecretBytes>{};
    }
    BULLA_TRY(
        opened,
        instance.vault().open_sealed(directory::vault_identity("tls", host), std::get<0>(*row)));
    return std::optional<SecretBytes>{std::move(opened)};
}

Result<SecretBytes> make(services::Instance& instance, const std::string& host) {
    BULLA_TRY(name, DomainName::parse(host));
    const DomainName names[]{name};
    BULLA_TRY(made, pki::make_self_signed(names, instance.clock(), valid_days));
    SecretBytes both(made.certificate + std::string(made.private_key.view()));
    const auto sealed = instance.vault().seal(directory::vault_identity("tls", host), both.view());
    const auto now = to_micros(instance.clock().now());
    seal::Batch batch;
    batch.riders.emplace_back([&](store::Tx& tx, const seal::Committed&) -> Result<void> {
        BULLA_CHECK(tx.run("delete from vault_item where kind = 'tls' and id = :id", {host}));
        return tx.run(
            "insert into vault_item (kind, id, sealed, created) values ('tls', :id, :sealed, "
            ":created)",
            {host, sealed, now});
    });
    BULLA_CHECK(instance.sealer().commit(std::move(batch)));
    log::info("tls.self_signed_made", {{"host", host}});
    return both;
}

}  // namespace

Result<std::shared_ptr<const net::TlsContext>> load_own_certificate(services::Instance& instance) {
    const auto& host = instance.config().hostname;
    BULLA_TRY(stored, load(instance, host));
    SecretBytes both;
    if (stored) {
        both = std::move(*stored);
    } else {
        BULLA_TRY(made, make(instance, host));
        both = std::move(made);
    }
    const auto mark = both.view().find(key_mark);
    if (mark == std::string_view::npos) {
        return fail(
            "tls.bad_key", Fault::us, fmt::format("the stored certificate of {} has no key", host));
    }
    return net::TlsContext::make_server(both.view().substr(0, mark), both.view().substr(mark));
}

}  // namespace bulla::app
