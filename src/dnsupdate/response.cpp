#include "dnsupdate/response.h"

#include "base/encoding.h"
#include "crypto/digest.h"
#include "crypto/hmac_sha512.h"
#include "dnsupdate/wire.h"

#include <algorithm>
#include <fmt/format.h>
#include <vector>

namespace bulla::dnsupdate {
namespace {

constexpr std::uint16_t type_soa = 6;
constexpr std::uint16_t type_tsig = 250;
constexpr std::uint16_t class_any = 255;
constexpr std::size_t header_octets = 12;
constexpr std::size_t most_records = 512;
constexpr unsigned bit_response = 0x8000;
constexpr unsigned bit_truncated = 0x0200;
constexpr unsigned bits_opcode = 0x7800;
constexpr unsigned bits_code = 0x000F;
constexpr std::uint64_t most_fudge = 300;

/// RFC 8945 3: the errors of a TSIG.
constexpr std::uint16_t bad_sig = 16, bad_key = 17, bad_time = 18;

std::unexpected<Error> bad_answer(const char* what) {
    return fail("dnsupdate.bad_answer",
                Fault::temporary,
                fmt::format("the answer of the name server cannot be used: {}", what));
}

std::unexpected<Error> unverified(const char* what) {
    return fail("dnsupdate.unverified",
                Fault::temporary,
                fmt::format("the answer of the name server is not believed: {}", what),
                "RFC 8945 5.3");
}

struct Tsig {
    std::string algorithm;  ///< In wire form.
    std::uint64_t time = 0;
    std::uint16_t fudge = 0;
    std::string_view mac;
    std::uint16_t id = 0;
    std::uint16_t error = 0;
    std::string_view other;
};

struct Message {
    std::uint16_t flags = 0;
    std::optional<std::string> zone{};
    std::optional<Record> signature{};
};

/// RFC 8945 4.2
Result<Tsig> read_tsig(std::string_view data) {
    WireReader in(data);
    Tsig out;
    BULLA_TRY(algorithm, in.name());
    BULLA_TRY(time, in.octets(6));
    BULLA_TRY(fudge, in.number());
    BULLA_TRY(mac_size, in.number());
    BULLA_TRY(mac, in.octets(mac_size));
    BULLA_TRY(id, in.number());
    BULLA_TRY(error, in.number());
    BULLA_TRY(other_size, in.number());
    BULLA_TRY(other, in.octets(other_size));
    if (!in.at_end()) {
        return bad_answer("its TSIG has more than it should");
    }
    out.algorithm = std::move(algorithm);
    out.time = static_cast<std::uint64_t>(get_u16(time)) << 32U | get_u32(time.substr(2));
    out.fudge = fudge;
    out.mac = mac;
    out.id = id;
    out.error = error;
    out.other = other;
    return out;
}

Result<void> read_records(WireReader& in, std::size_t count, bool additional, Message& out) {
    for (std::size_t i = 0; i < count; ++i) {
        BULLA_TRY(record, in.record());
        if (record.type == type_soa && !additional && !out.zone) {
            out.zone = record.owner;
        }
        if (record.type != type_tsig) {
            continue;
        }
        // Anywhere else it is malformed (RFC 8945 5.1), and would leave what follows unsigned.
        if (!additional || i + 1 != count) {
            return bad_answer("its TSIG is not the last record");
        }
        out.signature = std::move(record);
    }
    return {};
}

Result<Message> read_message(std::string_view octets) {
    WireReader in(octets);
    std::uint16_t numbers[6]{};
    for (auto& number : numbers) {
        BULLA_TRY(read, in.number());
        number = read;
    }
    const auto [id, flags, questions, answers, authority, additional] = numbers;
    if (questions > 1 || std::size_t{answers} + authority + additional > most_records) {
        return bad_answer("it has too many records");
    }
    Message out{.flags = flags};
    if (questions == 1) {
        BULLA_CHECK(in.name());
        BULLA_CHECK(in.octets(4));
    }
    BULLA_CHECK(read_records(in, std::size_t{answers} + authority, false, out));
    BULLA_CHECK(read_records(in, additional, true, out));
    if (!in.at_end()) {
        return bad_answer("something stands behind its end");
    }
    return out;
}

Result<void> check_head(std::string_view octets, const Request& request) {
    if (octets.size() < header_octets || request.octets.size() < header_octets) {
        return bad_answer("it is too short");
    }
    const unsigned flags = get_u16(octets.substr(2));
    const unsigned asked = get_u16(std::string_view(request.octets).substr(2));
    if (octets.substr(0, 2) != std::string_view(request.octets).substr(0, 2) ||
        (flags & bit_response) == 0 || (flags & bits_opcode) != (asked & bits_opcode)) {
        return bad_answer("it answers another question");
    }
    if ((flags & bit_truncated) != 0) {
        return bad_answer("it is truncated");
    }
    return {};
}

std::string compute_mac(const TsigKey& key, std::string_view bytes) {
    if (key.algorithm == TsigAlgorithm::hmac_sha512) {
        const auto mac = crypto::hmac_sha512(key.secret.view(), bytes);
        return {mac.data(), mac.size()};
    }
    return std::string(crypto::view(crypto::hmac_sha256(key.secret.view(), bytes)));
}

std::string algorithm_name(const TsigKey& key) {
    const auto text = to_string(key.algorithm);
    std::string out(1, static_cast<char>(text.size()));
    out.append(text).push_back('\0');
    return out;
}

/// What the MAC of an answer is made of: RFC 8945 4.3 and 5.3.
std::string signed_octets(std::string_view octets,
                          const Request& request,
                          const Record& record,
                          const Tsig& tsig) {
    std::string out;
    put_u16(out, static_cast<std::uint16_t>(request.mac.size()));
    out += request.mac;
    // RFC 8945 4.3.2: the message as it was before the TSIG was added, with its first ID.
    put_u16(out, tsig.id);
    out += octets.substr(2, 8);
    put_u16(out, static_cast<std::uint16_t>(get_u16(octets.substr(10)) - 1));
    out += octets.substr(header_octets, record.begin - header_octets);
    out += record.owner;
    put_u16(out, class_any);
    put_u32(out, 0);
    out += tsig.algorithm;
    put_u16(out, static_cast<std::uint16_t>(tsig.time >> 32U));
    put_u32(out, static_cast<std::uint32_t>(tsig.time));
    put_u16(out, tsig.fudge);
    put_u16(out, tsig.error);
    put_u16(out, static_cast<std::uint16_t>(tsig.other.size()));
    out += tsig.other;
    return out;
}

std::unexpected<Error> clock_error() {
    return fail("dnsupdate.clock",
                Fault::us,
                "the clocks of this machine and of the name server differ by more than five "
                "minutes (BADTIME)",
                "RFC 8945 5.2.3");
}

/// RFC 8945 5.3.2: an answer that says why it could not be signed carries a TSIG without a MAC, so that nobody knows who says it.
std::unexpected<Error> unsigned_error(const Message& message, const Tsig* tsig) {
    const auto code = static_cast<AnswerCode>(message.flags & bits_code);
    if (code == AnswerCode::not_auth && tsig != nullptr &&
        (tsig->error == bad_key || tsig->error == bad_sig)) {
        return fail("dnsupdate.key_refused",
                    Fault::us,
                    tsig->error == bad_key
                        ? "the name server does not know the TSIG key: its name or its algorithm "
                          "differs there (BADKEY)"
                        : "the name server has another secret for the TSIG key (BADSIG)",
                    "RFC 8945 5.2");
    }
    if (code == AnswerCode::no_error || code == AnswerCode::yx_rrset ||
        code == AnswerCode::nx_rrset) {
        return unverified("it has no TSIG");
    }
    return std::unexpected(refusal_of(code));
}

Result<void> check_signature(std::string_view octets,
                             const Request& request,
                             const TsigKey& key,
                             const Record& record,
                             const Tsig& tsig) {
    if (record.owner != write_name(key.name) || record.rr_class != class_any || record.ttl != 0 ||
        tsig.algorithm != algorithm_name(key)) {
        return unverified("its TSIG is of another key");
    }
    const auto mac = compute_mac(key, signed_octets(octets, request, record, tsig));
    if (!equal_in_constant_time(mac, tsig.mac)) {
        return unverified("its TSIG does not fit");
    }
    if (tsig.error == bad_time) {
        return clock_error();
    }
    // The request was signed just now: its time stands for the clock's.
    const auto apart =
        tsig.time > request.time ? tsig.time - request.time : request.time - tsig.time;
    if (apart > std::min<std::uint64_t>(tsig.fudge, most_fudge)) {
        return clock_error();
    }
    if (tsig.error != 0) {
        return unverified("its TSIG tells of an error");
    }
    return {};
}

}  // namespace

Result<Answer> read_answer(std::string_view octets, const Request& request, const TsigKey& key) {
    BULLA_CHECK(check_head(octets, request));
    BULLA_TRY(message, read_message(octets));
    if (!message.signature) {
        return unsigned_error(message, nullptr);
    }
    BULLA_TRY(tsig, read_tsig(message.signature->data));
    if (tsig.mac.empty()) {
        return unsigned_error(message, &tsig);
    }
    BULLA_CHECK(check_signature(octets, request, key, *message.signature, tsig));
    Answer out{.code = static_cast<AnswerCode>(message.flags & bits_code)};
    if (message.zone) {
        if (auto zone = read_domain(*message.zone)) {
            out.zone = std::move(*zone);
        }
    }
    return out;
}

Error refusal_of(AnswerCode code) {
    const auto refused = [](std::string text) {
        return Error{.code = "dnsupdate.refused",
                     .fault = Fault::us,
                     .text = std::move(text),
                     .rfc = "RFC 2136 2.2"};
    };
    switch (code) {
        case AnswerCode::server_failure:
            return {.code = "dnsupdate.server_failure",
                    .fault = Fault::temporary,
                    .text = "the name server failed (SERVFAIL)",
                    .rfc = "RFC 2136 2.2"};
        case AnswerCode::refused:
            return refused("the name server does not let this key change the record (REFUSED)");
        case AnswerCode::not_auth:
            return refused(
                "the name server is not the primary server of the zone, or does not let this key "
                "change it (NOTAUTH)");
        case AnswerCode::not_zone:
            return refused("the record is not within the zone (NOTZONE)");
        case AnswerCode::not_implemented:
            return refused("the name server takes no updates (NOTIMP)");
        case AnswerCode::format_error:
            return refused("the name server does not understand the update (FORMERR)");
        default:
            return refused(fmt::format("the name server refuses the update (response code {})",
                                       static_cast<unsigned>(code)));
    }
}

}  // namespace bulla::dnsupdate
