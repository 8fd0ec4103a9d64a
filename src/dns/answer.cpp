#include "dns/answer.h"

#include "base/encoding.h"

#include <algorithm>
#include <array>
#include <ranges>
#include <span>

namespace bulla::dns {

namespace {

constexpr std::size_t max_string = 255;
constexpr std::size_t max_name = 255;

std::unexpected<Error> bad_record(std::string_view what, std::string_view rfc) {
    return fail(
        "dns.bad_record", Fault::sender, "the DNS record is malformed: " + std::string(what), rfc);
}

std::size_t octet(char c) {
    return static_cast<unsigned char>(c);
}

// Letters of a label in lower case; whatever has no place in a host name is refused, so that no label can hold a dot.
bool append_label(std::string& name, std::string_view label) {
    for (const char c : label) {
        if (c >= 'A' && c <= 'Z') {
            name.push_back(static_cast<char>(c - 'A' + 'a'));
        } else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_') {
            name.push_back(c);
        } else {
            return false;
        }
    }
    return true;
}

}  // namespace

std::string_view to_string(RecordType type) {
    switch (type) {
        case RecordType::a:
            return "A";
        case RecordType::ns:
            return "NS";
        case RecordType::cname:
            return "CNAME";
        case RecordType::soa:
            return "SOA";
        case RecordType::ptr:
            return "PTR";
        case RecordType::mx:
            return "MX";
        case RecordType::txt:
            return "TXT";
        case RecordType::aaaa:
            return "AAAA";
        case RecordType::srv:
            return "SRV";
        case RecordType::tlsa:
            return "TLSA";
        case RecordType::smimea:
            return "SMIMEA";
        case RecordType::openpgpkey:
            return "OPENPGPKEY";
    }
    return "?";
}

bool DnsAnswer::is_temporary_failure() const {
    return security == Security::bogus || (rcode != Rcode::no_error && rcode != Rcode::name_error);
}

bool DnsAnswer::is_absent() const {
    return !is_temporary_failure() && (rcode == Rcode::name_error || records.empty());
}

Result<std::string> parse_txt(std::string_view rdata) {
    std::string text;
    text.reserve(rdata.size());
    if (rdata.empty()) {
        return bad_record("a TXT record without a string", "RFC 1035 3.3.14");
    }
    while (!rdata.empty()) {
        const std::size_t length = octet(rdata.front());
        if (length >= rdata.size()) {
            return bad_record("a string that runs past the end", "RFC 1035 3.3.14");
        }
        text.append(rdata.substr(1, length));
        rdata.remove_prefix(1 + length);
    }
    return text;
}

std::vector<std::string> texts(const DnsAnswer& answer) {
    std::vector<std::string> found;
    if (answer.type != RecordType::txt || answer.is_temporary_failure()) {
        return found;
    }
    for (const std::string& rdata : answer.records) {
        if (auto text = parse_txt(rdata)) {
            found.push_back(*std::move(text));
        }
    }
    return found;
}

std::string write_txt(std::string_view text) {
    std::string rdata;
    do {
        const std::string_view part = text.substr(0, max_string);
        rdata.push_back(static_cast<char>(part.size()));
        rdata.append(part);
        text.remove_prefix(part.size());
    } while (!text.empty());
    return rdata;
}

Result<Ip> parse_address(std::string_view rdata) {
    std::array<std::uint8_t, 16> bytes{};
    if (rdata.size() == 4) {
        bytes[10] = bytes[11] = 0xFF;
        std::ranges::copy(rdata, bytes.begin() + 12);
    } else if (rdata.size() == 16) {
        std::ranges::copy(rdata, bytes.begin());
    } else {
        return bad_record("an address of neither 4 nor 16 octets", "RFC 1035 3.4.1");
    }
    return Ip(bytes);
}

Result<std::string> parse_name(std::string_view rdata) {
    std::string name;
    if (rdata.size() > max_name) {
        return bad_record("a name of more than 255 octets", "RFC 1035 2.3.4");
    }
    while (!rdata.empty()) {
        const std::size_t length = octet(rdata.front());
        rdata.remove_prefix(1);
        if (length == 0) {
            return rdata.empty()
                       ? Result<std::string>(std::move(name))
                       : Result<std::string>(bad_record("octets after a name", "RFC 1035 3.1"));
        }
        // Values above 63 are pointers (RFC 1035 4.1.4), which uncompressed names do not have.
        if (length > 63 || length > rdata.size()) {
            return bad_record("a label that runs past the end", "RFC 1035 3.1");
        }
        if (!name.empty()) {
            name.push_back('.');
        }
        if (!append_label(name, rdata.substr(0, length))) {
            return bad_record("a name with octets that host names do not have", "RFC 1035 2.3.1");
        }
        rdata.remove_prefix(length);
    }
    return bad_record("a name without an end", "RFC 1035 3.1");
}

Result<Mx> parse_mx(std::string_view rdata) {
    if (rdata.size() < 3) {
        return bad_record("an MX record that is too short", "RFC 1035 3.3.9");
    }
    BULLA_TRY(exchange, parse_name(rdata.substr(2)));
    return Mx{.preference = get_u16(rdata), .exchange = std::move(exchange)};
}

std::string reverse_name(const Ip& ip) {
    static constexpr std::string_view digits = "0123456789abcdef";
    const std::span<const std::uint8_t> bytes = ip.bytes();
    std::string name;
    // RFC 1035 3.5: the octets of an IPv4 address in reverse order, as decimal numbers.
    if (ip.is_v4()) {
        for (const unsigned octet : bytes.last(4) | std::views::reverse) {
            name += std::to_string(octet) + ".";
        }
        return name + "in-addr.arpa";
    }
    // RFC 3596 2.5: "a sequence of nibbles separated by dots with the suffix '.IP6.ARPA'. The sequence of nibbles is encoded in
    // reverse order, i.e., the low-order nibble is encoded first"
    for (const unsigned octet : bytes | std::views::reverse) {
        name += {digits[octet & 15U], '.', digits[octet >> 4U], '.'};
    }
    return name + "ip6.arpa";
}

}  // namespace bulla::dns
