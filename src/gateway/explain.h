#pragma once
#include "base/clock.h"
#include "directory/snapshot.h"
#include "gateway/disposition.h"
#include "gateway/transit.h"
#include "mail/envelope.h"

#include <memory>
#include <string>
#include <vector>

namespace bulla::gateway {

/// A copy that would leave.
struct ExplainedCopy {
    std::vector<std::string> recipients;
    std::string
        route;  ///< Name of the route; copies of one message that go different ways are listed apart.
    std::string destination;  ///< "host:port", or the path of the Maildirs.
    std::string added;        ///< The header lines that would be put before it.
    bool converted = false;
};

/// What would become of a message.
struct Explanation {
    Reply reply;  ///< What the client would be told at the end of DATA, or at MAIL or RCPT.
    std::string
        stopped_at;  ///< The stage that refused: "MAIL", "RCPT" or a name of the flow; empty if it is accepted.
    Time begun;  ///< When it was looked at.
    std::vector<TraceStep> trace;
    bool archived = false;
    std::vector<std::string> signers;
    std::vector<ExplainedCopy> copies;
};

/// GW-11: lets a message go through the same decisions and stages as a real one, on the work pool, and keeps nothing: no record, no leaf, no
/// delivery, no counter. The signatures in `added` are real ones, made with the domain's keys. Pure but for the clock.
[[nodiscard]] Explanation explain(std::shared_ptr<const directory::Snapshot> snapshot,
                                  mail::Envelope envelope,
                                  std::string bytes,
                                  const Clock& clock);

}  // namespace bulla::gateway
