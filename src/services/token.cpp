#include "base/encoding.h"
#include "services/account.h"
#include "services/change.h"
#include "services/json_time.h"
#include "services/lookup.h"
#include "services/session.h"
#include "services/table.h"

#include <algorithm>
#include <sstream>

namespace bulla::services {
namespace {

constexpr std::size_t secret_octets = 24;
constexpr std::size_t most_scopes = 32;
constexpr std::int64_t most_days = 3650;
constexpr std::int64_t most_tokens = 100;

struct TokenRow {
    std::string hash, login, name, scopes;
    std::int64_t created, expires, last_used;
};

std::vector<std::string> split(const std::string& scopes) {
    std::istringstream words(scopes);
    std::vector<std::string> out;
    for (std::string word; words >> word;) {
        out.push_back(word);
    }
    return out;
}

Result<std::vector<TokenRow>> load_tokens(ServiceContext& context) {
    BULLA_TRY(connection, context.database.lease());
    std::vector<TokenRow> out;
    const auto take = [&](std::tuple<std::string,
                                     std::string,
                                     std::string,
                                     std::string,
                                     std::int64_t,
                                     std::int64_t,
                                     std::int64_t>&& row) {
        out.push_back(std::make_from_tuple<TokenRow>(std::move(row)));
        return true;
    };
    BULLA_CHECK((connection->visit<std::string,
                                   std::string,
                                   std::string,
                                   std::string,
                                   std::int64_t,
                                   std::int64_t,
                                   std::int64_t>(
        "select hash, login, name, scopes, created, expires, last_used from api_token order by "
        "login, created",
        {},
        take)));
    return out;
}

bool manages_login(const ServiceContext& context, const Caller& caller, const std::string& login) {
    const auto account = context.snapshots.current()->find_account(login);
    return account ? manages_account(caller, *account) : caller.principal == nullptr;
}

Result<std::string> read_name(Arguments& in) {
    BULLA_TRY(name, in.text("name", 64));
    const auto bad = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
    if (name.empty() || std::ranges::any_of(name, bad)) {
        return refuse("name",
                      "token.bad_name",
                      "a token has a name of 1 to 64 octets, so that people know what it is for");
    }
    return name;
}

Result<std::vector<std::string>> read_scopes(Arguments& in) {
    BULLA_TRY(texts, in.texts_or("scopes", {"*"}));
    if (texts.empty() || texts.size() > most_scopes) {
        return refuse("scopes", "token.bad_scope", "a token has 1 to 32 scopes");
    }
    std::vector<std::string> out;
    for (const std::string& text : texts) {
        BULLA_TRY(word, in_field("scopes", parse_scope_word(text)));
        out.push_back(word);
    }
    return out;
}

std::string join(const std::vector<std::string>& words) {
    std::string out;
    for (const std::string& word : words) {
        out += (out.empty() ? "" : " ") + word;
    }
    return out;
}

}  // namespace

// {"login", "name", "scopes"?, "days"?} → {"id", "token" (shown this once), "login", "name", "scopes", "expires"}; 0 days: it has no end.
// Errors: account.missing, token.bad_name, token.bad_scope, token.too_many.
Result<json> create_token(ServiceContext& context, const Caller& caller, const json& arguments) {
    Arguments in(arguments);
    BULLA_TRY(login, find_login(context, in));
    BULLA_TRY(name, read_name(in));
    BULLA_TRY(scopes, read_scopes(in));
    BULLA_TRY(days, in.whole_or("days", 365));
    BULLA_CHECK(in.finish());
    if (days < 0 || days > most_days) {
        return refuse("days", "service.bad_argument", "days must be from 0 to 3650");
    }
    BULLA_TRY(present,
              count_rows(context, "select count(*) from api_token where login = :key", login));
    if (present >= most_tokens) {
        return fail("token.too_many", Fault::sender, login + " has 100 tokens: revoke some first");
    }
    const Time now = context.clock.now();
    const std::string secret = "bulla_" + hex_encode(context.random.bytes(secret_octets));
    const std::string hash = digest_secret(secret);
    const std::int64_t expires =
        days == 0 ? 0 : to_micros(now + std::chrono::days(static_cast<int>(days)));
    const auto rows = [=, login = login, name = name, words = join(scopes)](
                          store::Tx& tx, const seal::Committed&) {
        return tx.run(
            "insert into api_token (hash, login, name, scopes, created, expires, last_used) values "
            "(:hash, :login, :name, :scopes, :created, :expires, 0)",
            {hash, login, name, words, to_micros(now), expires});
    };
    const std::string id = hash.substr(0, id_digits);
    BULLA_CHECK(commit_change(context,
                              caller,
                              {.action = "token.create",
                               .target = login,
                               .detail = {{"id", id},
                                          {"name", name},
                                          {"scopes", scopes},
                                          {"expires", json_time(expires)}},
                               .rows = rows,
                               .deciding = false}));
    return json{{"id", id},
                {"token", secret},
                {"login", login},
                {"name", name},
                {"scopes", scopes},
                {"expires", json_time(expires)}};
}

// {"login"?} → [{"id", "login", "name", "scopes", "created", "expires", "last_used"}]
Result<json> list_tokens(ServiceContext& context, const Caller& caller, const json& arguments) {
    Arguments in(arguments);
    BULLA_TRY(wanted, in.text_or("login", "", 191));
    BULLA_CHECK(in.finish());
    BULLA_TRY(rows, load_tokens(context));
    json out = json::array();
    for (const TokenRow& row : rows) {
        if ((wanted.empty() || row.login == wanted) && manages_login(context, caller, row.login)) {
            out.push_back({{"id", row.hash.substr(0, id_digits)},
                           {"login", row.login},
                           {"name", row.name},
                           {"scopes", split(row.scopes)},
                           {"created", json_time(row.created)},
                           {"expires", json_time(row.expires)},
                           {"last_used", json_time(row.last_used)}});
        }
    }
    return out;
}

// {"id"} → {"id"}. Error: token.missing.
Result<json> revoke_token(ServiceContext& context, const Caller& caller, const json& arguments) {
    Arguments in(arguments);
    BULLA_TRY(id, in.text("id", 64));
    BULLA_CHECK(in.finish());
    BULLA_TRY(rows, load_tokens(context));
    const auto found = std::ranges::find_if(rows, [&](const TokenRow& row) {
        return row.hash.substr(0, id_digits) == id && manages_login(context, caller, row.login);
    });
    if (found == rows.end()) {
        return fail("token.missing", Fault::sender, "there is no token " + id);
    }
    const auto remove = [hash = found->hash](store::Tx& tx, const seal::Committed&) {
        return tx.run("delete from api_token where hash = :hash", {hash});
    };
    BULLA_CHECK(commit_change(context,
                              caller,
                              {.action = "token.revoke",
                               .target = found->login,
                               .detail = {{"id", id}, {"name", found->name}},
                               .rows = remove,
                               .deciding = false}));
    return json{{"id", id}};
}

}  // namespace bulla::services
