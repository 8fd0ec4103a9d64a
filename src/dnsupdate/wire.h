#pragma once
#include "base/error.h"
#include "names/domain.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace bulla::dnsupdate {

/// A record of a message; its views end with the message.
struct Record {
    std::string owner;  ///< In wire form, uncompressed and in lower case.
    std::uint16_t type = 0;
    std::uint16_t rr_class = 0;
    std::uint32_t ttl = 0;
    std::string_view data;
    std::size_t begin = 0;  ///< Where it begins in the message.
};

/// Reads a DNS message front to back (RFC 1035 4.1); never past its end.
class WireReader {
  public:
    explicit WireReader(std::string_view message) : message_(message) {}

    [[nodiscard]] Result<std::uint16_t> number();
    /// A name in wire form, uncompressed and in lower case; pointers lead backwards alone.
    [[nodiscard]] Result<std::string> name();
    [[nodiscard]] Result<std::string_view> octets(std::size_t count);
    [[nodiscard]] Result<Record> record();

    [[nodiscard]] std::size_t at() const { return at_; }

    [[nodiscard]] bool at_end() const { return at_ == message_.size(); }

  private:
    std::string_view message_;
    std::size_t at_ = 0;
};

/// `name` in wire form.
[[nodiscard]] std::string write_name(const DomainName& name);
/// The domain name of a wire form; an error if it is none of ours, such as the root. Error: dnsupdate.bad_answer.
[[nodiscard]] Result<DomainName> read_domain(std::string_view wire);

}  // namespace bulla::dnsupdate
