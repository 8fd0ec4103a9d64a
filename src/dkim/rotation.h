#pragma once
#include "base/clock.h"
#include "base/error.h"

#include <chrono>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// The life of a domain's DKIM keys, from one that is published to one that is forgotten.

namespace bulla::dkim {

enum class KeyStage {
    next,      ///< Its record is to be published; it does not sign.
    seen,      ///< The resolver gives its record; it does not sign yet.
    active,    ///< It signs.
    retiring,  ///< It signs no more; its record stays while mail signed with it may be under way.
    retired,   ///< Its record may go; the private key is destroyed.
    revoked,   ///< Compromised: the private key is destroyed, the record is to say `p=`.
};

[[nodiscard]] std::string_view to_string(KeyStage stage);
/// Error: dkim.bad_stage.
[[nodiscard]] Result<KeyStage> parse_stage(std::string_view text);

/// What the resolver says of a key's record.
enum class RecordSight {
    exact,      ///< One record, with this very key, not for testing.
    absent,     ///< There is none.
    different,  ///< Another key, several records, or one for testing.
    unknown,    ///< Not asked, or no answer that could be used.
};

struct KeyLife {
    std::string selector;
    std::string algorithm;  ///< "rsa" or "ed25519"
    KeyStage stage = KeyStage::next;
    Time since{};  ///< When it came into this stage.
    bool rotating =
        false;  ///< It takes the place of the active key as soon as all that rotate are seen.
    RecordSight sight = RecordSight::unknown;
};

/// How the keys of one domain go on at `now`: the same keys in the same order, with `stage`, `since` and `rotating` as they then are.
/// A waiting key is `seen` while its record is exact; those that rotate become active together, when the record of each is exact in this very
/// look, and what signed with their algorithms retires; `grace` after that a key is retired. Pure.
[[nodiscard]] std::vector<KeyLife> decide_stages(std::span<const KeyLife> keys,
                                                 Time now,
                                                 std::chrono::seconds grace);

}  // namespace bulla::dkim
