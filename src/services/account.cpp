#include "services/account.h"

#include "services/lookup.h"

#include <algorithm>

namespace bulla::services {

Result<std::string> parse_login(std::string_view text) {
    const auto bad = [](char c) {
        return static_cast<unsigned char>(c) <= 0x20 || c == 0x7F || c == ':' || c == '"';
    };
    std::string login(text);
    std::ranges::transform(login, login.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
    });
    if (login.empty() || login.size() > 191 - 8 || std::ranges::any_of(login, bad)) {
        return fail(
            "account.bad_login",
            Fault::sender,
            "a login has 1 to 183 octets without blanks, colons, quotes and control characters");
    }
    return login;
}

Result<void> check_password(std::string_view password) {
    if (password.size() < 8 || password.size() > 1024) {
        return fail("account.weak_password", Fault::sender, "a password has 8 to 1024 octets");
    }
    return {};
}

std::string make_one_time_password(Random& random) {
    // No letters that look alike; 32 of them, so that each takes five bits.
    constexpr std::string_view alphabet = "abcdefghjkmnpqrstuvwxyz123456789";
    static_assert(alphabet.size() == 32);
    std::string out;
    for (const char octet : random.bytes(20)) {
        out += out.size() % 6 == 5 ? "-" : "";
        out += alphabet[static_cast<unsigned char>(octet) % 32];
    }
    return out;
}

Result<std::string> find_login(ServiceContext& context, Arguments& in) {
    BULLA_TRY(text, in.text("login", 191));
    BULLA_TRY(login, in_field("login", parse_login(text)));
    BULLA_TRY(exists, has_account(context, login));
    if (!exists) {
        return fail("account.missing", Fault::sender, "there is no account " + login);
    }
    return login;
}

Result<void> check_other_admin(ServiceContext& context, const std::string& login) {
    BULLA_TRY(
        others,
        count_rows(
            context,
            "select count(*) from account where role = 'admin' and disabled = 0 and login <> :key",
            login));
    if (others == 0) {
        return fail("account.last_admin",
                    Fault::sender,
                    login + " is the last administrator: make another one first");
    }
    return {};
}

Result<void> check_address(ServiceContext& context,
                           const std::string& login,
                           const Mailbox& address,
                           directory::AccountRole role) {
    const auto holder = context.snapshots.current()->find_address(address);
    if (holder != nullptr && holder->login != login) {
        return refuse("address",
                      "account.address_taken",
                      address.text() + " is the address of another account");
    }
    BULLA_TRY(named, in_field("address", parse_login(address.text())));
    BULLA_TRY(is_login, has_account(context, named));
    if (is_login && named != login) {
        return refuse("address",
                      "account.address_taken",
                      address.text() + " is the login of another account");
    }
    BULLA_TRY(local, has_domain(context, address.domain().ascii()));
    // Administrators and auditors only get mail at theirs, so it may be anywhere.
    const bool sends =
        role == directory::AccountRole::user || role == directory::AccountRole::domain_admin;
    if (!local && sends) {
        return refuse("address",
                      "account.foreign_domain",
                      address.domain().ascii() +
                          " is no domain of this instance: `bulla domain add` it first");
    }
    return {};
}

Result<void> check_new_login(ServiceContext& context,
                             const std::string& login,
                             const std::string& new_login) {
    BULLA_TRY(exists, has_account(context, new_login));
    const auto holder = context.snapshots.current()->find_account(new_login);
    if (exists || (holder != nullptr && holder->login != login)) {
        return fail(
            "account.exists", Fault::sender, "the account " + new_login + " is there already");
    }
    return {};
}

Result<std::vector<std::string>> read_domains(ServiceContext& context,
                                              Arguments& in,
                                              directory::AccountRole role,
                                              const Mailbox& address) {
    BULLA_TRY(texts, in.texts_or("domains", {}));
    if (role != directory::AccountRole::domain_admin) {
        if (!texts.empty()) {
            return refuse("domains",
                          "account.no_domain_admin",
                          "only a domain_admin has domains to administer");
        }
        return std::vector<std::string>{};
    }
    std::vector<std::string> out;
    for (const std::string& text : texts) {
        BULLA_TRY(domain, in_field("domains", DomainName::parse(text)));
        BULLA_TRY(local, has_domain(context, domain.ascii()));
        if (!local) {
            return refuse("domains", "domain.missing", "there is no domain " + domain.ascii());
        }
        out.push_back(domain.ascii());
    }
    if (out.empty()) {
        out.push_back(address.domain().ascii());
    }
    std::ranges::sort(out);
    out.erase(std::ranges::unique(out).begin(), out.end());
    return out;
}

Result<void> store_domains(store::Tx& tx,
                           const std::string& login,
                           const std::vector<std::string>& domains) {
    BULLA_CHECK(tx.run("delete from account_domain where login = :login", {login}));
    for (const std::string& domain : domains) {
        BULLA_CHECK(tx.run("insert into account_domain (login, domain) values (:login, :domain)",
                           {login, domain}));
    }
    return {};
}

Result<nlohmann::json> count_access(ServiceContext& context,
                                    const std::string& login,
                                    const KeptAccess& kept) {
    BULLA_TRY(connection, context.database.lease());
    BULLA_TRY(sessions,
              connection->query_first<std::int64_t>(
                  "select count(*) from login_session where login = :login and hash <> :but",
                  {login, kept.session}));
    BULLA_TRY(tokens,
              connection->query_first<std::int64_t>(
                  "select count(*) from api_token where login = :login", {login}));
    return nlohmann::json{{"sessions_ended", sessions ? std::get<0>(*sessions) : 0},
                          {"tokens_revoked", tokens && !kept.tokens ? std::get<0>(*tokens) : 0}};
}

Result<void> end_access(store::Tx& tx, const std::string& login, const KeptAccess& kept) {
    BULLA_CHECK(tx.run("delete from login_session where login = :login and hash <> :but",
                       {login, kept.session}));
    if (!kept.tokens) {
        BULLA_CHECK(tx.run("delete from api_token where login = :login", {login}));
    }
    return tx.run("delete from login_failure where subject = :subject", {"account:" + login});
}

}  // namespace bulla::services
