#include "tlog/hash.h"

#include "base/encoding.h"
#include "crypto/digest.h"

#include <algorithm>

namespace bulla::tlog {

Hash leaf_hash(std::string_view entry) {
    // RFC 9162 2.1.1: "MTH({d[0]}) = HASH(0x00 || d[0])."
    std::array<char, 1024> buffer{};
    if (entry.size() < buffer.size()) {
        buffer[0] = '\x00';
        std::ranges::copy(entry, buffer.begin() + 1);
        return crypto::sha256({buffer.data(), entry.size() + 1});
    }
    std::string long_buffer(1, '\x00');
    long_buffer.append(entry);
    return crypto::sha256(long_buffer);
}

Hash node_hash(const Hash& left, const Hash& right) {
    // RFC 9162 2.1.1: "MTH(D_n) = HASH(0x01 || MTH(D[0:k]) || MTH(D[k:n]))"
    std::array<char, 1 + 2 * std::tuple_size_v<Hash>> buffer{};
    buffer[0] = '\x01';
    std::ranges::copy(left, buffer.begin() + 1);
    std::ranges::copy(right, buffer.begin() + 1 + left.size());
    return crypto::sha256({buffer.data(), buffer.size()});
}

Hash empty_root() {
    // RFC 9162 2.1.1: "The hash of an empty list is the hash of an empty string"
    return crypto::sha256({});
}

std::string write_hash(const Hash& hash) {
    return base64_encode(view(hash));
}

Result<Hash> parse_hash(std::string_view text) {
    Hash hash{};
    const auto bytes = base64_decode(text);
    if (!bytes || bytes->size() != hash.size()) {
        return fail("hash.bad", Fault::sender, "a hash of the log is not 32 octets in base64");
    }
    std::ranges::copy(*bytes, hash.begin());
    return hash;
}

}  // namespace bulla::tlog
