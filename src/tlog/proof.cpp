#include "tlog/proof.h"

#include <algorithm>
#include <bit>

namespace bulla::tlog {

namespace {

constexpr std::uint64_t max_size = std::uint64_t{1} << 62U;

std::unexpected<Error> out_of_range(std::string text) {
    return fail("tlog.out_of_range", Fault::sender, std::move(text));
}

/// The largest power of two smaller than `n`, for n > 1: where RFC 9162 splits a list of n entries.
std::uint64_t split_of(std::uint64_t n) {
    return std::bit_floor(n - 1);
}

/// MTH(D[begin:begin+count]); only ranges that occur in proofs: begin is a multiple of every power of two that count is split into.
Result<Hash> range_root(std::uint64_t begin, std::uint64_t count, const ReadNode& read) {
    if (std::has_single_bit(count)) {
        const auto height = static_cast<unsigned>(std::countr_zero(count));
        return read(height, begin >> height);
    }
    const std::uint64_t split = split_of(count);
    BULLA_TRY(left, range_root(begin, split, read));
    BULLA_TRY(right, range_root(begin + split, count - split, read));
    return node_hash(left, right);
}

}  // namespace

Result<std::vector<Hash>> make_inclusion_proof(std::uint64_t index,
                                               std::uint64_t size,
                                               const ReadNode& read) {
    if (index >= size || size > max_size) {
        return out_of_range("the log has no such leaf at that size");
    }
    std::vector<Hash> proof;
    std::uint64_t begin = 0;
    std::uint64_t count = size;
    // RFC 9162 2.1.3.1: "PATH(m, D_n) = PATH(m, D[0:k]) : MTH(D[k:n]) for m < k; and
    // PATH(m, D_n) = PATH(m - k, D[k:n]) : MTH(D[0:k]) for m >= k"
    while (count > 1) {
        const std::uint64_t split = split_of(count);
        const bool in_left = index - begin < split;
        BULLA_TRY(sibling,
                  in_left ? range_root(begin + split, count - split, read)
                          : range_root(begin, split, read));
        proof.push_back(sibling);
        begin += in_left ? 0 : split;
        count = in_left ? split : count - split;
    }
    std::ranges::reverse(proof);
    return proof;
}

Result<std::vector<Hash>> make_consistency_proof(std::uint64_t from,
                                                 std::uint64_t to,
                                                 const ReadNode& read) {
    if (from > to || to > max_size) {
        return out_of_range(
            "a consistency proof goes from a smaller tree to a larger one of the same log");
    }
    std::vector<Hash> proof;
    std::uint64_t begin = 0;
    std::uint64_t count = to;
    std::uint64_t old_count = from;
    bool known_root = true;
    if (from == 0) {
        return proof;
    }
    // RFC 9162 2.1.4.1: "For m < n, let k be the largest power of two smaller than n." SUBPROOF goes left when m <= k, else right.
    while (old_count != count) {
        const std::uint64_t split = split_of(count);
        const bool in_left = old_count <= split;
        BULLA_TRY(other,
                  in_left ? range_root(begin + split, count - split, read)
                          : range_root(begin, split, read));
        proof.push_back(other);
        if (!in_left) {
            begin += split;
            old_count -= split;
            known_root = false;
        }
        count = in_left ? split : count - split;
    }
    // RFC 9162 2.1.4.1: "SUBPROOF(m, D_m, true) = {}" and "SUBPROOF(m, D_m, false) = {MTH(D_m)}"
    if (!known_root) {
        BULLA_TRY(shared, range_root(begin, count, read));
        proof.push_back(shared);
    }
    std::ranges::reverse(proof);
    return proof;
}

Result<Hash> make_root(std::uint64_t size, const ReadNode& read) {
    if (size > max_size) {
        return out_of_range("the log is too large");
    }
    return size == 0 ? empty_root() : range_root(0, size, read);
}

bool verify_inclusion(const Hash& leaf,
                      std::uint64_t index,
                      std::uint64_t size,
                      std::span<const Hash> proof,
                      const Hash& root) {
    // RFC 9162 2.1.3.2: "If leaf_index is greater than or equal to tree_size, then fail the proof verification."
    if (index >= size || size > max_size) {
        return false;
    }
    std::uint64_t fn = index;
    std::uint64_t sn = size - 1;
    Hash r = leaf;
    for (const Hash& p : proof) {
        // RFC 9162 2.1.3.2: "If sn is 0, then stop the iteration and fail the proof verification."
        if (sn == 0) {
            return false;
        }
        if ((fn & 1U) != 0 || fn == sn) {
            r = node_hash(p, r);
            while ((fn & 1U) == 0 && fn != 0) {
                fn >>= 1U;
                sn >>= 1U;
            }
        } else {
            r = node_hash(r, p);
        }
        fn >>= 1U;
        sn >>= 1U;
    }
    // RFC 9162 2.1.3.2: "If sn is equal to 0 and r and the root_hash are equal, then the log has proven the inclusion of hash. Otherwise,
    // fail the proof verification."
    return sn == 0 && r == root;
}

bool verify_consistency(std::uint64_t from,
                        const Hash& old_root,
                        std::uint64_t to,
                        const Hash& new_root,
                        std::span<const Hash> proof) {
    if (from > to || to > max_size) {
        return false;
    }
    if (from == to) {
        return proof.empty() && old_root == new_root;
    }
    if (from == 0) {
        return proof.empty() && old_root == empty_root();
    }
    if (proof.empty()) {
        return false;
    }
    // RFC 9162 2.1.4.2: "If first is an exact power of 2, then prepend first_hash to the consistency_path array."
    const bool prepend = std::has_single_bit(from);
    std::uint64_t fn = from - 1;
    std::uint64_t sn = to - 1;
    while ((fn & 1U) != 0) {
        fn >>= 1U;
        sn >>= 1U;
    }
    Hash fr = prepend ? old_root : proof.front();
    Hash sr = fr;
    for (const Hash& c : proof.subspan(prepend ? 0 : 1)) {
        // RFC 9162 2.1.4.2: "If sn is 0, then stop the iteration and fail the proof verification."
        if (sn == 0) {
            return false;
        }
        if ((fn & 1U) != 0 || fn == sn) {
            fr = node_hash(c, fr);
            sr = node_hash(c, sr);
            while ((fn & 1U) == 0 && fn != 0) {
                fn >>= 1U;
                sn >>= 1U;
            }
        } else {
            sr = node_hash(sr, c);
        }
        fn >>= 1U;
        sn >>= 1U;
    }
    return sn == 0 && fr == old_root && sr == new_root;
}

}  // namespace bulla::tlog
