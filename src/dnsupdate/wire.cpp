#include "dnsupdate/wire.h"

#include "base/encoding.h"

#include <algorithm>

namespace bulla::dnsupdate {
namespace {

constexpr std::size_t longest_name = 255;
constexpr std::size_t longest_label = 63;

std::unexpected<Error> bad(const char* what) {
    return fail("dnsupdate.bad_answer",
                Fault::temporary,
                std::string("the answer of the name server is malformed: ") + what,
                "RFC 1035 4.1");
}

char small(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

Result<std::uint16_t> WireReader::number() {
    BULLA_TRY(two, octets(2));
    return get_u16(two);
}

Result<std::string_view> WireReader::octets(std::size_t count) {
    if (message_.size() - at_ < count) {
        return bad("it ends too early");
    }
    const auto out = message_.substr(at_, count);
    at_ += count;
    return out;
}

Result<std::string> WireReader::name() {
    std::string out;
    std::size_t from = at_;
    bool jumped = false;
    while (true) {
        if (from >= message_.size()) {
            return bad("a name has no end");
        }
        const auto size = static_cast<std::size_t>(static_cast<unsigned char>(message_[from]));
        if (size >= 0xC0) {
            if (message_.size() - from < 2) {
                return bad("a name has no end");
            }
            // Backwards alone (RFC 1035 4.1.4 speaks of what came before), so that there is no circle.
            const std::size_t target = get_u16(message_.substr(from, 2)) & 0x3FFFU;
            if (target >= from) {
                return bad("a name points forwards");
            }
            if (!jumped) {
                at_ = from + 2;
                jumped = true;
            }
            from = target;
            continue;
        }
        if (size > longest_label || message_.size() - from - 1 < size ||
            out.size() + size + 1 > longest_name) {
            return bad("a name is too long");
        }
        out.push_back(static_cast<char>(size));
        const auto label = message_.substr(from + 1, size);
        std::ranges::transform(label, std::back_inserter(out), small);
        from += size + 1;
        if (size == 0) {
            break;
        }
    }
    if (!jumped) {
        at_ = from;
    }
    return out;
}

Result<Record> WireReader::record() {
    Record out;
    out.begin = at_;
    BULLA_TRY(owner, name());
    out.owner = std::move(owner);
    BULLA_TRY(type, number());
    BULLA_TRY(rr_class, number());
    BULLA_TRY(ttl, octets(4));
    BULLA_TRY(size, number());
    BULLA_TRY(data, octets(size));
    out.type = type;
    out.rr_class = rr_class;
    out.ttl = get_u32(ttl);
    out.data = data;
    return out;
}

std::string write_name(const DomainName& name) {
    std::string out;
    std::string_view rest = name.ascii();
    while (!rest.empty()) {
        const auto label = rest.substr(0, rest.find('.'));
        out.push_back(static_cast<char>(label.size()));
        out += label;
        rest.remove_prefix(std::min(label.size() + 1, rest.size()));
    }
    out.push_back('\0');
    return out;
}

Result<DomainName> read_domain(std::string_view wire) {
    std::string text;
    while (!wire.empty() && wire.front() != '\0') {
        const auto size = static_cast<std::size_t>(static_cast<unsigned char>(wire.front()));
        const auto label = wire.substr(1, size);
        if (label.size() != size || label.contains('.')) {
            return bad("a name has a label that no domain has");
        }
        text.append(text.empty() ? "" : ".").append(label);
        wire.remove_prefix(size + 1);
    }
    const auto name = DomainName::parse(text);
    // What is written otherwise than it came is another name.
    if (!name || name->ascii() != text) {
        return bad("a name is that of no domain");
    }
    return *name;
}

}  // namespace bulla::dnsupdate
