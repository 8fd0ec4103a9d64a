#include "directory/load.h"

#include "directory/load_settings.h"
#include "directory/signing_policy.h"
#include "directory/token_keys.h"
#include "pkcs11/token_key.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace bulla::directory {
namespace {

using store::Connection;

constexpr std::array role_words{"user", "domain_admin", "admin", "auditor"};

struct Loader {
    Connection& connection;
    const vault::Vault& vault;
    const Snapshot* previous;
    Snapshot& out;

    Result<void> load_domains(const SettingValues& values);
    Result<void> load_accounts(const SettingValues& values);
    [[nodiscard]] bool is_shut_out(AccountRole role, const Mailbox& address) const;
    Result<void> load_dkim_keys();
    Result<void> load_signing_policy();
    Result<void> load_signers();
    Result<void> load_groups();
    Result<std::shared_ptr<const crypto::Signer>> load_dkim_key(const std::string& domain,
                                                                const Selector& selector,
                                                                const std::string& public_pem,
                                                                const std::string& token) const;
    Result<std::shared_ptr<const crypto::Signer>> load_token_key(const std::string& domain,
                                                                 const std::string& public_pem,
                                                                 const std::string& token) const;
    std::shared_ptr<const crypto::Signer> find_dkim_before(const std::string& domain,
                                                           const Selector& selector,
                                                           const std::string& public_pem) const;
};

Result<void> Loader::load_domains(const SettingValues& values) {
    BULLA_TRY(rows,
              (connection.query<std::string, std::int64_t>("select name, disabled from domain")));
    for (const auto& [name, disabled] : rows) {
        out.domains.emplace(name, disabled == 0);
        if (values.contains("domain:" + name)) {
            out.domain_settings.emplace(name, make_settings(values, name));
        }
    }
    return {};
}

// Who looks after the instance is not shut out with a domain.
bool Loader::is_shut_out(AccountRole role, const Mailbox& address) const {
    return (role == AccountRole::user || role == AccountRole::domain_admin) &&
           out.is_disabled(address.domain());
}

Result<void> Loader::load_accounts(const SettingValues& values) {
    BULLA_TRY(domain_rows,
              (connection.query<std::string, std::string>(
                  "select login, domain from account_domain order by login, domain")));
    std::unordered_map<std::string, std::vector<std::string>> domains;
    for (const auto& [login, domain] : domain_rows) {
        domains[login].push_back(domain);
    }
    const auto take_domains = [&domains](const std::string& login) {
        const auto found = domains.find(login);
        return found == domains.end() ? std::vector<std::string>{} : std::move(found->second);
    };
    const auto take = [&](std::tuple<std::string,
                                     std::string,
                                     std::string,
                                     std::string,
                                     std::int64_t,
                                     std::int64_t>&& row) {
        auto& [login, address, role_word, password, one_time, disabled] = row;
        const auto mailbox = Mailbox::parse(address);
        const auto role = parse_role(role_word);
        if (!mailbox || !role) {
            out.problems.push_back(
                "the account " + login +
                " has an address or role that cannot be read: it is not in force");
            return true;
        }
        const auto account = std::make_shared<const Account>(
            Account{.login = login,
                    .address = *mailbox,
                    .role = *role,
                    .domains = take_domains(login),
                    .disabled = disabled != 0 || is_shut_out(*role, *mailbox),
                    .one_time_password = one_time != 0,
                    .password = std::move(password),
                    .send_as = make_send_as(values, login, mailbox->domain())});
        out.accounts_by_login.emplace(login, account);
        out.accounts_by_address.emplace(mailbox->key(), account);
        return true;
    };
    return connection
        .visit<std::string, std::string, std::string, std::string, std::int64_t, std::int64_t>(
            "select login, address, role, password, one_time, disabled from account order by "
            "created, login",
            {},
            take);
}

std::shared_ptr<const crypto::Signer> Loader::find_dkim_before(
    const std::string& domain, const Selector& selector, const std::string& public_pem) const {
    if (previous == nullptr || !previous->dkim_keys.contains(domain)) {
        return nullptr;
    }
    const auto& keys = previous->dkim_keys.find(domain)->second;
    const auto found = std::ranges::find(keys, selector, &DkimKey::selector);
    return found != keys.end() && found->signer->public_key().pem() == public_pem ? found->signer
                                                                                  : nullptr;
}

Result<std::shared_ptr<const crypto::Signer>> Loader::load_token_key(
    const std::string& domain, const std::string& public_pem, const std::string& token) const {
    BULLA_TRY(key, find_token_key(token, public_pem, out.config, previous));
    const auto name = DomainName::parse(domain);
    const auto& settings = name ? out.settings_for(*name) : out.settings;
    const auto state = decide_token_key(*key, settings.dkim_missing_key_refuse);
    out.token_keys.push_back({key, !state.failure.empty()});
    if (!state.signs) {
        return fail("dkim.key_missing", Fault::us, state.failure);
    }
    if (!state.failure.empty()) {
        out.problems.push_back(fmt::format(
            "mail of {} is put off until its DKIM key can be used: {}", domain, state.failure));
    }
    return std::move(key);
}

Result<std::shared_ptr<const crypto::Signer>> Loader::load_dkim_key(
    const std::string& domain,
    const Selector& selector,
    const std::string& public_pem,
    const std::string& token) const {
    if (!token.empty()) {
        return load_token_key(domain, public_pem, token);
    }
    if (auto before = find_dkim_before(domain, selector, public_pem)) {
        return before;
    }
    return load_vault_key(connection, vault, "dkim", fmt::format("{}/{}", domain, selector.text()));
}

Result<void> Loader::load_dkim_keys() {
    BULLA_TRY(rows,
              (connection.query<std::string, std::string, std::string, std::string, std::string>(
                  "select domain, selector, public_key, token, sight from dkim_key where active = "
                  "1 order by domain, case algorithm when 'rsa' then 0 else 1 end, selector")));
    for (const auto& [domain, selector_text, public_pem, token, sight] : rows) {
        const auto selector = Selector::parse(selector_text);
        const auto owner = DomainName::parse(domain);
        if (!selector || !owner) {
            out.problems.push_back(
                fmt::format("the DKIM selector {} of {} cannot be read", selector_text, domain));
            continue;
        }
        auto signer = load_dkim_key(domain, *selector, public_pem, token);
        if (!signer) {
            out.problems.push_back(fmt::format("the DKIM key {} of {} cannot be used: {}",
                                               selector_text,
                                               domain,
                                               signer.error().text));
            continue;
        }
        const bool wrong = sight == "absent" || sight == "different";
        if (wrong) {
            out.problems.push_back(fmt::format(
                "the DNS {} {}._domainkey.{}: receivers do not accept what this key signs",
                sight == "absent" ? "has no record" : "has another record than ours at",
                selector_text,
                domain));
        }
        out.dkim_keys[domain].push_back({*owner, *selector, *std::move(signer), wrong});
    }
    return {};
}

Result<void> Loader::load_signing_policy() {
    BULLA_TRY(text, load_policy_text(connection));
    if (out.settings.dkim_policy_file.empty() && text.empty()) {
        return {};
    }
    PolicySource source{.file = out.settings.dkim_policy_file,
                        .text = std::move(text),
                        .key_directory = out.settings.dkim_key_directory,
                        .me = own_name(out.config),
                        .pkcs11_modules = out.config.pkcs11.modules};
    out.signing_policy =
        SigningPolicy::load(std::move(source),
                            previous == nullptr ? nullptr : previous->signing_policy.get(),
                            out.problems);
    return {};
}

Result<void> Loader::load_signers() {
    BULLA_TRY(rows,
              (connection.query<std::string, std::string, std::string>(
                  "select id, fingerprint, private_path from signer where retired = 0")));
    for (const auto& [id, fingerprint, path] : rows) {
        if (previous != nullptr && previous->signers.contains(id) &&
            previous->signers.at(id).signer->public_key().fingerprint() == fingerprint) {
            out.signers.emplace(id, previous->signers.at(id));
            continue;
        }
        const auto key = path.empty() ? load_vault_key(connection, vault, "signer", id)
                                      : crypto::load_private_key(path);
        if (!key) {
            out.problems.push_back(
                fmt::format("the signer {} cannot sign: {}", id, key.error().text));
        } else if ((*key)->public_key().fingerprint() != fingerprint) {
            out.problems.push_back(
                fmt::format("the signer {} cannot sign: {} holds another key than it did; `bulla "
                            "signer rotate` takes it over",
                            id,
                            path));
        } else {
            const auto algorithm = signature_algorithm((*key)->public_key().type());
            out.signers.emplace(id, ArchiveSigner{id, std::string(algorithm), *key});
        }
    }
    return {};
}

Result<void> Loader::load_groups() {
    BULLA_TRY(rows,
              (connection.query<std::string, std::int64_t, std::string>(
                  "select name, archiving, archival_signer from archive_group order by name")));
    std::unordered_map<std::string, std::uint32_t> index;
    for (const auto& [name, archiving, signer] : rows) {
        index.emplace(name, static_cast<std::uint32_t>(out.groups.size()));
        out.groups.push_back(
            {.name = name, .archiving = archiving != 0, .archival_signer = signer, .patterns = {}});
    }
    const auto take = [&](std::tuple<std::string, std::string>&& row) {
        const auto& [group, pattern] = row;
        if (const auto found = index.find(group); found != index.end()) {
            out.groups[found->second].patterns.push_back(pattern);
            out.group_patterns.add(pattern, found->second);
        }
        return true;
    };
    return connection.visit<std::string, std::string>(
        "select group_name, pattern from archive_group_member order by group_name, pattern",
        {},
        take);
}

Result<std::shared_ptr<const Snapshot>> load_once(Connection& connection,
                                                  const vault::Vault& vault,
                                                  const config::Config& config,
                                                  const Snapshot* previous) {
    auto snapshot = std::make_shared<Snapshot>();
    BULLA_TRY(revision, load_revision(connection));
    snapshot->revision = revision;
    snapshot->config = config;
    BULLA_TRY(values, load_setting_values(connection, snapshot->problems));
    snapshot->settings = make_settings(values, "");
    Loader loader{connection, vault, previous, *snapshot};
    BULLA_CHECK(loader.load_domains(values));
    BULLA_CHECK(loader.load_accounts(values));
    BULLA_CHECK(loader.load_dkim_keys());
    BULLA_CHECK(loader.load_signing_policy());
    BULLA_CHECK(loader.load_signers());
    BULLA_CHECK(loader.load_groups());
    return snapshot;
}

}  // namespace

Result<std::shared_ptr<const Snapshot>> load_snapshot(
    Connection& connection,
    const vault::Vault& vault,
    const config::Config& config,
    const std::shared_ptr<const Snapshot>& previous) {
    // The tables are read one after another: if something was changed meanwhile, they are read again, so that no half change is in force.
    constexpr int most_tries = 10;
    for (int tries = 0; tries < most_tries; ++tries) {
        BULLA_TRY(snapshot, load_once(connection, vault, config, previous.get()));
        BULLA_TRY(revision, load_revision(connection));
        if (revision == snapshot->revision) {
            return snapshot;
        }
    }
    return fail("directory.changing",
                Fault::temporary,
                "the instance changes faster than it can be read: try again");
}

Result<std::uint64_t> load_revision(Connection& connection) {
    BULLA_TRY(
        row, connection.query_first<std::string>("select value from meta where name = 'revision'"));
    if (!row) {
        return std::uint64_t{0};
    }
    const std::string& text = std::get<0>(*row);
    const bool good = !text.empty() && text.size() <= 18 &&
                      text.find_first_not_of("0123456789") == std::string::npos;
    if (!good) {
        return fail("store.corrupt", Fault::us, "the database's revision is no number");
    }
    return std::stoull(text);
}

Result<std::string> load_policy_text(Connection& connection) {
    BULLA_TRY(row,
              connection.query_first<std::string>("select value from meta where name = :name",
                                                  {std::string(policy_row)}));
    return row ? std::get<0>(*std::move(row)) : std::string();
}

std::string vault_identity(std::string_view kind, std::string_view id) {
    return "vault_item/" + std::string(kind) + "/" + std::string(id);
}

Result<std::shared_ptr<crypto::PrivateKey>> load_vault_key(Connection& connection,
                                                           const vault::Vault& vault,
                                                           const std::string& kind,
                                                           const std::string& id) {
    BULLA_TRY(row,
              connection.query_first<std::string>(
                  "select sealed from vault_item where kind = :kind and id = :id", {kind, id}));
    if (!row) {
        return fail("key.missing", Fault::us, "the vault has no key " + kind + "/" + id);
    }
    BULLA_TRY(pem, vault.open_sealed(vault_identity(kind, id), std::get<0>(*row)));
    return crypto::PrivateKey::parse_pem(pem.view());
}

std::string_view to_string(AccountRole role) {
    return role_words.at(static_cast<std::size_t>(role));
}

Result<AccountRole> parse_role(std::string_view text) {
    const auto* const found = std::ranges::find(role_words, text);
    if (found == role_words.end()) {
        return fail(
            "role.bad", Fault::sender, "a role is one of: user, domain_admin, admin, auditor");
    }
    return static_cast<AccountRole>(found - role_words.begin());
}

std::string_view signature_algorithm(crypto::KeyType type) {
    switch (type) {
        case crypto::KeyType::rsa:
            return "rsa-sha256";
        case crypto::KeyType::dsa:
            return "dsa-sha256";
        case crypto::KeyType::p256:
            return "ecdsa-p256-sha256";
        case crypto::KeyType::p384:
            return "ecdsa-p384-sha384";
        case crypto::KeyType::ed25519:
            return "ed25519";
    }
    return "";
}

}  // namespace bulla::directory
