#pragma once
#include "base/error.h"
#include "names/ip.h"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bulla::dns {

/// Record types that bulla asks for (IANA "Resource Record (RR) TYPEs").
enum class RecordType : std::uint16_t {
    a = 1,
    ns = 2,
    cname = 5,
    soa = 6,
    ptr = 12,
    mx = 15,
    txt = 16,
    aaaa = 28,
    srv = 33,
    smimea = 53,
    openpgpkey = 61,
    tlsa = 52,
};

[[nodiscard]] std::string_view to_string(RecordType type);

/// What came of a question. `no_error` with no records is "no data"; `unreachable` stands for no usable reply within the time.
enum class Rcode { no_error, name_error, server_failure, refused, other_failure, unreachable };

/// What DNSSEC says of the answer (RFC 4035 4.3; indeterminate counts as insecure). Data of a bogus answer must not be used.
enum class Security { insecure, secure, bogus };

/// One answer of the DNS, without the way it came. Plain data.
struct DnsAnswer {
    RecordType type = RecordType::txt;
    std::string name;  ///< The name asked for, in lower-case A-labels without a trailing dot.
    Rcode rcode = Rcode::unreachable;
    Security security = Security::insecure;
    std::chrono::seconds ttl{0};  ///< The least of the record set.
    std::vector<std::string>
        records;  ///< RDATA in wire form (RFC 1035 3.3), names in it uncompressed; empty if bogus.

    /// True if asking again later may help: RFC 6376 6.1.2 and its kin call it a temporary failure. A bogus answer counts.
    [[nodiscard]] bool is_temporary_failure() const;
    /// True if the DNS says with authority that there is no such record: no such name, or no data.
    [[nodiscard]] bool is_absent() const;
};

/// A question, so that pure code can say what it needs to know.
struct DnsQuestion {
    RecordType type = RecordType::txt;
    std::string name;  ///< As in DnsAnswer::name.

    auto operator<=>(const DnsQuestion&) const = default;
};

/// RDATA of a TXT record (RFC 1035 3.3.14): its character-strings joined without anything between them. Error: dns.bad_record.
[[nodiscard]] Result<std::string> parse_txt(std::string_view rdata);
/// All TXT records of `answer`, each joined; malformed ones are left out.
[[nodiscard]] std::vector<std::string> texts(const DnsAnswer& answer);
/// RDATA of a TXT record that holds `text`, split into strings of 255 octets.
[[nodiscard]] std::string write_txt(std::string_view text);

/// RDATA of A or AAAA (RFC 1035 3.4.1, RFC 3596 2.2), told apart by its length. Error: dns.bad_record.
[[nodiscard]] Result<Ip> parse_address(std::string_view rdata);

/// One mail exchanger (RFC 1035 3.3.9). An empty exchange is the "null MX" of RFC 7505.
struct Mx {
    std::uint16_t preference = 0;
    std::string exchange;  ///< Lower case, without a trailing dot.

    auto operator<=>(const Mx&) const = default;
};

/// Error: dns.bad_record.
[[nodiscard]] Result<Mx> parse_mx(std::string_view rdata);
/// A name in uncompressed wire form that fills `rdata` (PTR, CNAME, NS). Error: dns.bad_record.
[[nodiscard]] Result<std::string> parse_name(std::string_view rdata);

/// The name whose PTR records name the host at `ip`, such as "1.2.0.192.in-addr.arpa" (RFC 1035 3.5, RFC 3596 2.5).
[[nodiscard]] std::string reverse_name(const Ip& ip);

}  // namespace bulla::dns
