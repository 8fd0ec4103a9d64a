#include "services/totp.h"

#include "base/encoding.h"
#include "crypto/hmac_sha1.h"
#include "directory/load.h"
#include "services/account.h"
#include "services/change.h"
#include "services/lookup.h"
#include "services/table.h"

#include <fmt/format.h>

namespace bulla::services {
namespace {

constexpr std::int64_t step_seconds = 30;
constexpr std::size_t secret_octets = 20;

/// What an authenticator program reads from a QR code; both parts of the label are percent-encoded.
std::string write_uri(const std::string& host, const std::string& login, std::string_view secret) {
    const auto encode = [](std::string_view text) {
        std::string out;
        for (const char c : text) {
            const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                               (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
            out +=
                plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
        }
        return out;
    };
    return fmt::format("otpauth://totp/bulla%20{}:{}?secret={}&issuer=bulla%20{}",
                       encode(host),
                       encode(login),
                       secret,
                       encode(host));
}

std::unexpected<Error> no_secret(const std::string& login) {
    return fail("totp.missing",
                Fault::sender,
                login + " has no second factor that waits to be confirmed: enroll first");
}

}  // namespace

std::string make_totp(std::string_view secret, std::int64_t step) {
    std::string counter;
    put_u64(counter, static_cast<std::uint64_t>(step));
    const auto mac = crypto::hmac_sha1(secret, counter);
    // RFC 4226 5.3: "Offset = StToNum(OffsetBits) // 0 <= OffSet <= 15"
    const std::size_t offset = mac.back() & 0x0FU;
    const std::string_view all(reinterpret_cast<const char*>(mac.data()), mac.size());
    return fmt::format("{:06}", (get_u32(all.substr(offset)) & 0x7FFFFFFFU) % 1'000'000U);
}

std::optional<std::int64_t> find_totp_step(std::string_view secret,
                                           std::string_view code,
                                           Time now,
                                           std::int64_t last_step) {
    const std::int64_t present = to_unix(now) / step_seconds;
    std::optional<std::int64_t> found;
    // RFC 6238 5.2: "We RECOMMEND that at most one time step is allowed as the network delay."
    // One step ahead as well, for a telephone whose clock is fast.
    for (std::int64_t step = present - 1; step <= present + 1; ++step) {
        // RFC 6238 5.2: "The verifier MUST NOT accept the second attempt of the OTP after the successful validation has been issued
        // for the first OTP"
        if (equal_in_constant_time(make_totp(secret, step), code) && step > last_step) {
            found = step;
        }
    }
    return found;
}

std::string base32_encode(std::string_view bytes) {
    constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    std::string out;
    unsigned bits = 0;
    unsigned held = 0;
    for (const char c : bytes) {
        held = (held << 8U | static_cast<unsigned char>(c)) & 0xFFFU;
        bits += 8;
        while (bits >= 5) {
            bits -= 5;
            out += alphabet[held >> bits & 0x1FU];
        }
    }
    if (bits > 0) {
        out += alphabet[held << (5 - bits) & 0x1FU];
    }
    return out;
}

Result<std::optional<TotpSecret>> load_totp(ServiceContext& context, const std::string& login) {
    BULLA_TRY(connection, context.database.lease());
    BULLA_TRY(row,
              (connection->query_first<std::string, std::int64_t, std::int64_t>(
                  "select sealed, confirmed, last_step from account_totp where login = :login",
                  {login})));
    if (!row) {
        return std::optional<TotpSecret>{};
    }
    const auto& [sealed, confirmed, last_step] = *row;
    BULLA_TRY(secret, context.vault.open_sealed(directory::vault_identity("totp", login), sealed));
    return std::optional(TotpSecret{
        .secret = std::move(secret), .confirmed = confirmed != 0, .last_step = last_step});
}

std::string seal_totp(ServiceContext& context,
                      const std::string& login,
                      const SecretBytes& secret) {
    return context.vault.seal(directory::vault_identity("totp", login), secret.view());
}

// {"login"} → {"login", "secret", "uri"}: not in force before it is confirmed. Errors: account.missing, totp.exists.
Result<json> enroll_totp(ServiceContext& context, const Caller& caller, const json& arguments) {
    Arguments in(arguments);
    BULLA_TRY(login, find_login(context, in));
    BULLA_CHECK(in.finish());
    BULLA_TRY(present, load_totp(context, login));
    if (present && present->confirmed) {
        return fail("totp.exists",
                    Fault::sender,
                    login + " has a second factor already: take it away first");
    }
    const SecretBytes secret(context.random.bytes(secret_octets));
    const auto rows = [login = login,
                       sealed = seal_totp(context, login, secret),
                       now = to_micros(context.clock.now())](
                          store::Tx& tx, const seal::Committed&) -> Result<void> {
        BULLA_CHECK(tx.run("delete from account_totp where login = :login", {login}));
        return tx.run(
            "insert into account_totp (login, sealed, confirmed, last_step, created) values "
            "(:login, :sealed, 0, 0, :created)",
            {login, sealed, now});
    };
    BULLA_CHECK(
        commit_change(context,
                      caller,
                      {.action = "totp.enroll", .target = login, .rows = rows, .deciding = false}));
    const std::string text = base32_encode(secret.view());
    return json{{"login", login},
                {"secret", text},
                {"uri", write_uri(context.config.hostname, login, text)}};
}

// {"login", "code"} → {"login", "totp": true}: asked for at every log-in from now on. Errors: account.missing, totp.missing, totp.wrong.
Result<json> confirm_totp(ServiceContext& context, const Caller& caller, const json& arguments) {
    Arguments in(arguments);
    BULLA_TRY(login, find_login(context, in));
    BULLA_TRY(code, in.text("code", 16));
    BULLA_CHECK(in.finish());
    BULLA_TRY(present, load_totp(context, login));
    if (!present || present->confirmed) {
        return no_secret(login);
    }
    const auto step =
        find_totp_step(present->secret.view(), code, context.clock.now(), present->last_step);
    if (!step) {
        return refuse("code",
                      "totp.wrong",
                      "that is not the present code: is the clock of the telephone right?");
    }
    const auto rows = [login = login, step = *step](store::Tx& tx, const seal::Committed&) {
        return tx.run(
            "update account_totp set confirmed = 1, last_step = :step where login = :login",
            {step, login});
    };
    BULLA_CHECK(commit_change(
        context,
        caller,
        {.action = "totp.confirm", .target = login, .rows = rows, .deciding = false}));
    return json{{"login", login}, {"totp", true}};
}

// {"login"} → {"login", "totp": false}. Errors: account.missing, totp.missing.
Result<json> disable_totp(ServiceContext& context, const Caller& caller, const json& arguments) {
    Arguments in(arguments);
    BULLA_TRY(login, find_login(context, in));
    BULLA_CHECK(in.finish());
    BULLA_TRY(exists, has_row(context, "select 1 from account_totp where login = :key", login));
    if (!exists) {
        return fail("totp.missing", Fault::sender, login + " has no second factor");
    }
    const auto rows = [login = login](store::Tx& tx, const seal::Committed&) {
        return tx.run("delete from account_totp where login = :login", {login});
    };
    BULLA_CHECK(commit_change(
        context,
        caller,
        {.action = "totp.disable", .target = login, .rows = rows, .deciding = false}));
    return json{{"login", login}, {"totp", false}};
}

}  // namespace bulla::services
