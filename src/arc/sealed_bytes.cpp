#include "arc/sealed_bytes.h"

#include "dkim/canon.h"

namespace bulla::arc {

void append_sets(std::string& out, std::span<const Set> sets) {
    for (const Set& set : sets) {
        for (const std::string_view field : {set.results, set.message, set.seal}) {
            dkim::append_canonical_field(out, dkim::Canon::relaxed, field);
        }
    }
}

void append_own_set(std::string& out,
                    const Set& set,
                    std::size_t value_begin,
                    std::size_t value_end) {
    dkim::append_canonical_field(out, dkim::Canon::relaxed, set.results);
    dkim::append_canonical_field(out, dkim::Canon::relaxed, set.message);
    std::string seal(set.seal.substr(0, value_begin));
    seal.append(set.seal.substr(value_end));
    dkim::append_canonical_field(out, dkim::Canon::relaxed, seal);
    // RFC 6376 3.7: the signature's own field is hashed without a trailing CRLF.
    out.resize(out.size() - 2);
}

}  // namespace bulla::arc
