#pragma once
#include "mail/message.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bulla::arc {

/// RFC 8617 4.2.1: instances run from 1 to 50.
inline constexpr unsigned most_instances = 50;

/// The three fields of one ARC Set (RFC 8617 4.2): whole fields with their CRLF, empty where one is missing. Views into the message.
struct Set {
    std::string_view results;  ///< ARC-Authentication-Results
    std::string_view message;  ///< ARC-Message-Signature
    std::string_view seal;     ///< ARC-Seal
    std::string_view chain;    ///< cv= of the seal; empty if it cannot be read.
};

/// All ARC Sets of a message, and what is wrong with their structure (RFC 8617 5.2, steps 1 to 3).
struct Chain {
    std::vector<Set> sets;   ///< Instance i at i-1; those that the message lacks are empty.
    std::string defect;      ///< One sentence for people; empty if the structure is sound.
    unsigned defect_at = 0;  ///< The instance that it is about; 0: none in particular.
    bool ended = false;      ///< The newest seal says cv=fail: no set may follow (RFC 8617 5.1).

    [[nodiscard]] unsigned size() const { return static_cast<unsigned>(sets.size()); }
};

/// Collects the ARC fields of `message`, which must outlive the result. Sets above `max_instances` are a defect and left out.
[[nodiscard]] Chain collect_chain(const mail::Message& message,
                                  unsigned max_instances = most_instances);

/// The instance of an ARC-Authentication-Results `value` (RFC 8617 4.1.1) and what stands behind its ";".
struct InstanceAndResults {
    unsigned instance = 0;
    std::string_view results;
};

[[nodiscard]] std::optional<InstanceAndResults> split_results(std::string_view value);

}  // namespace bulla::arc
