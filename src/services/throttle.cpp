#include "services/throttle.h"

#include "base/encoding.h"
#include "crypto/digest.h"
#include "names/ip.h"
#include "services/change.h"
#include "services/lookup.h"

#include <algorithm>
#include <fmt/format.h>

namespace bulla::services {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t account_free = 5;
constexpr std::int64_t address_free = 20;
constexpr std::chrono::seconds longest = 15min;
constexpr std::chrono::microseconds forgotten_after = 24h;
constexpr std::int64_t max_rows = 10000;
constexpr std::int64_t rows_to_drop = 1000;

struct Count {
    std::string subject;
    std::int64_t free = 0;
    std::int64_t failures = 0;
};

Result<std::int64_t> load_failures(store::Connection& connection,
                                   const std::string& subject,
                                   Time now) {
    BULLA_TRY(row,
              (connection.query_first<std::int64_t, std::int64_t, std::int64_t>(
                  "select failures, last_failure, locked_until from login_failure where subject = "
                  ":subject",
                  {subject})));
    if (!row) {
        return 0;
    }
    const auto& [failures, last, until] = *row;
    if (until > to_micros(now)) {
        const std::int64_t wait = (until - to_micros(now)) / 1'000'000 + 1;
        auto out = fail("auth.locked",
                        Fault::temporary,
                        fmt::format("too many failed log-ins: try again in {} s", wait));
        out.error().retry_after = static_cast<unsigned>(wait);
        return out;
    }
    return from_micros(last) + forgotten_after < now ? 0 : failures;
}

/// Keeps the table small, whoever tries whatever names: what is old goes, then what is oldest.
Result<void> make_room(store::Tx& tx, Time now) {
    BULLA_TRY(row, tx.query_first<std::int64_t>("select count(*) from login_failure"));
    if (!row || std::get<0>(*row) < max_rows) {
        return {};
    }
    BULLA_CHECK(tx.run("delete from login_failure where last_failure < :before",
                       {to_micros(now - forgotten_after)}));
    BULLA_TRY(border,
              tx.query_first<std::int64_t>(
                  "select last_failure from login_failure order by last_failure limit 1 offset " +
                  std::to_string(rows_to_drop)));
    return border ? tx.run("delete from login_failure where last_failure < :border",
                           {std::get<0>(*border)})
                  : Result<void>();
}

Result<void> store_count(store::Tx& tx, const Count& count, Time now) {
    BULLA_CHECK(tx.run("delete from login_failure where subject = :subject", {count.subject}));
    const std::int64_t failures = count.failures + 1;
    return tx.run(
        "insert into login_failure (subject, failures, last_failure, locked_until) values "
        "(:subject, :failures, :last, :until)",
        {count.subject, failures, to_micros(now), to_micros(now + backoff(failures, count.free))});
}

}  // namespace

LoginSubjects make_subjects(const std::string& login,
                            std::string_view typed,
                            std::string_view address) {
    LoginSubjects out;
    out.account = "account:" +
                  (login.empty() ? "?" + hex_encode(crypto::view(crypto::sha256(typed))) : login);
    if (const auto ip = Ip::parse(address)) {
        auto bytes = ip->bytes();
        if (!ip->is_v4()) {
            std::ranges::fill(bytes.begin() + 8, bytes.end(), std::uint8_t{0});
        }
        out.address = "address:" + Ip(bytes).text();
    }
    return out;
}

std::chrono::seconds backoff(std::int64_t failures, std::int64_t free) {
    if (failures < free) {
        return 0s;
    }
    const auto doublings = std::min<std::int64_t>(failures - free, 10);
    return std::min(longest, std::chrono::seconds(std::int64_t{1} << doublings));
}

Result<void> count_attempt(ServiceContext& context, const LoginSubjects& subjects) {
    const Time now = context.clock.now();
    std::vector<Count> counts{{.subject = subjects.account, .free = account_free}};
    if (!subjects.address.empty()) {
        counts.push_back({.subject = subjects.address, .free = address_free});
    }
    {
        BULLA_TRY(connection, context.database.lease());
        for (Count& count : counts) {
            BULLA_TRY(failures, load_failures(*connection, count.subject, now));
            count.failures = failures;
        }
    }
    return commit_rows(context,
                       [counts, now](store::Tx& tx, const seal::Committed&) -> Result<void> {
                           BULLA_CHECK(make_room(tx, now));
                           for (const Count& count : counts) {
                               BULLA_CHECK(store_count(tx, count, now));
                           }
                           return {};
                       });
}

Result<void> take_back(store::Tx& tx, const LoginSubjects& subjects, bool succeeded) {
    for (const std::string& subject : {subjects.account, subjects.address}) {
        if (succeeded && subject == subjects.account) {
            BULLA_CHECK(tx.run("delete from login_failure where subject = :subject", {subject}));
            continue;
        }
        BULLA_CHECK(
            tx.run("update login_failure set failures = failures - 1, locked_until = 0 where "
                   "subject = :subject",
                   {subject}));
        BULLA_CHECK(tx.run("delete from login_failure where subject = :subject and failures <= 0",
                           {subject}));
    }
    return {};
}

}  // namespace bulla::services
