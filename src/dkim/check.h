#pragma once
#include "dkim/canon.h"
#include "dkim/signature.h"
#include "dkim/signed_bytes.h"
#include "dkim/verify.h"
#include "dns/answer.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// The steps of checking one signature, which DKIM and ARC share. Not for callers of either: see dkim/verify.h and arc/verify.h.

namespace bulla::dkim {

/// Says how `result` ends.
void conclude(SignatureResult& result, Verdict verdict, std::string reason);

/// Puts what `signature` says of itself into `result`.
void describe(SignatureResult& result, const Signature& signature);

/// Judges t= and x= by `now`, and whether the key record's name can be asked for. False: `result` has been concluded.
[[nodiscard]] bool check_times(SignatureResult& result,
                               const Signature& signature,
                               Time now,
                               const VerifyLimits& limits);

/// Body digests by what they depend on, so that many signatures hash a body once for each difference.
class BodyDigests {
  public:
    explicit BodyDigests(std::string_view body) : body_(body) {}

    const BodyDigest& of(Canon canon, std::optional<std::uint64_t> limit) {
        for (const Known& known : known_) {
            if (known.canon == canon && known.limit == limit) {
                return known.digest;
            }
        }
        return known_.emplace_back(canon, limit, digest_body(canon, body_, limit)).digest;
    }

  private:
    struct Known {
        Canon canon;
        std::optional<std::uint64_t> limit;
        BodyDigest digest;
    };

    std::string_view body_;
    std::vector<Known> known_;
};

/// What the signatures of one message share while they are checked.
struct Bytes {
    const FieldList& fields;
    BodyDigests& bodies;
};

/// True if `signature` is `key`'s over `digest`.
[[nodiscard]] bool verifies(const crypto::PublicKey& key,
                            const Signature& signature,
                            const crypto::Sha256& digest);

/// Checks the body hash and the signature over the header by `key`, and concludes `result`. `field` is the signature's own.
void check_bytes(SignatureResult& result,
                 const Signature& signature,
                 std::string_view field,
                 const crypto::PublicKey& key,
                 Bytes& bytes);

/// Where keys come from.
struct KeyContext {
    std::span<const dns::DnsAnswer> answers;
    KeyCache& keys;
    const VerifyLimits& limits;
};

/// Finds the key records of `signature` among the answers (RFC 6376 6.1.2) and calls `check`, which concludes `result`, with each key that may
/// serve, until one passes; concludes `result` itself if there is none.
void check_with_key(SignatureResult& result,
                    const Signature& signature,
                    const KeyContext& context,
                    const std::function<void(const crypto::PublicKey&)>& check);

}  // namespace bulla::dkim
