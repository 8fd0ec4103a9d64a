#include "dnsupdate/updater.h"

#include "base/encoding.h"
#include "dnsupdate/request.h"

#include <fmt/format.h>

namespace bulla::dnsupdate {
namespace {

std::unexpected<Error> foreign(const TextRecord& record) {
    return fail("dnsupdate.foreign",
                Fault::us,
                fmt::format("at {} the name server has a record that bulla did not publish: it is "
                            "left as it is; remove it there if it is not needed",
                            record.name.ascii()),
                "RFC 2136 2.4");
}

Result<void> check_zone(const TextRecord& record) {
    if (!record.name.is_within(record.zone)) {
        return fail(
            "dnsupdate.not_zone",
            Fault::us,
            fmt::format("{} is not within the zone {}", record.name.ascii(), record.zone.ascii()),
            "RFC 2136 3.4.1.3");
    }
    return {};
}

}  // namespace

std::uint16_t Updater::make_id() {
    return get_u16(random_.bytes(2));
}

Result<Answer> Updater::ask(const Request& request) {
    BULLA_TRY(octets, exchange_(request.octets));
    return read_answer(octets, request, key_);
}

Result<DomainName> Updater::find_zone(const DomainName& name) {
    BULLA_TRY(request, write_zone_question(name, key_, make_id()));
    BULLA_TRY(answer, ask(request));
    if (answer.code != AnswerCode::no_error && answer.code != AnswerCode::name_error) {
        return std::unexpected(refusal_of(answer.code));
    }
    // RFC 2308 2: an answer without a record has the SOA of the zone in its authority section.
    if (!answer.zone || !name.is_within(*answer.zone)) {
        return fail("dnsupdate.no_zone",
                    Fault::us,
                    fmt::format("the name server does not tell in which zone {} is: set "
                                "dkim_update_zone",
                                name.ascii()));
    }
    return *answer.zone;
}

Result<AnswerCode> Updater::try_update(const TextRecord& record,
                                       const std::optional<std::string>& expected,
                                       const std::optional<std::string>& wanted) {
    BULLA_TRY(request,
              write_update({.zone = record.zone,
                            .name = record.name,
                            .expected = expected,
                            .wanted = wanted,
                            .ttl = record.ttl},
                           key_,
                           make_id()));
    BULLA_TRY(answer, ask(request));
    const auto code = answer.code;
    if (code != AnswerCode::no_error && code != AnswerCode::yx_rrset &&
        code != AnswerCode::nx_rrset) {
        return std::unexpected(refusal_of(code));
    }
    return code;
}

Result<Outcome> Updater::publish(const TextRecord& record, std::span<const std::string> ours) {
    BULLA_CHECK(check_zone(record));
    BULLA_TRY(added, try_update(record, std::nullopt, record.text));
    if (added == AnswerCode::no_error) {
        return Outcome::done;
    }
    BULLA_TRY(same, try_update(record, record.text, record.text));
    if (same == AnswerCode::no_error) {
        return Outcome::already;
    }
    for (const std::string& old : ours.first(std::min<std::size_t>(ours.size(), 2))) {
        BULLA_TRY(replaced, try_update(record, old, record.text));
        if (replaced == AnswerCode::no_error) {
            return Outcome::done;
        }
    }
    return foreign(record);
}

Result<Outcome> Updater::withdraw(const TextRecord& record, std::span<const std::string> ours) {
    BULLA_CHECK(check_zone(record));
    for (const std::string& old : ours.first(std::min<std::size_t>(ours.size(), 3))) {
        BULLA_TRY(removed, try_update(record, old, std::nullopt));
        if (removed == AnswerCode::no_error) {
            return Outcome::done;
        }
    }
    BULLA_TRY(absent, try_update(record, std::nullopt, std::nullopt));
    if (absent == AnswerCode::no_error) {
        return Outcome::already;
    }
    return foreign(record);
}

}  // namespace bulla::dnsupdate
