#include "gateway/stages.h"
#include "mail/seven_bit.h"

#include <algorithm>
#include <fmt/format.h>

namespace bulla::gateway {

namespace {

bool concerns(const directory::Group& group, const Transit& transit) {
    const auto matches = [&](const Mailbox& address) {
        return directory::Snapshot::matches(group, address);
    };
    return (transit.envelope.from && matches(*transit.envelope.from)) ||
           std::ranges::any_of(transit.from, matches) ||
           std::ranges::any_of(transit.envelope.recipients,
                               [&](const auto& recipient) { return matches(recipient.mailbox); });
}

// ARC-08: a message archived for several groups is stored once and signed by each group's signer.
Result<void> decide_archiving(Transit& transit, TraceStep& step) {
    for (const auto& group : transit.snapshot->groups) {
        if (!group.archiving || !concerns(group, transit)) {
            continue;
        }
        transit.archived = true;
        step.facts.emplace_back("group", group.name);
        if (group.archival_signer.empty()) {
            continue;
        }
        const auto signer = transit.snapshot->signers.find(group.archival_signer);
        if (signer == transit.snapshot->signers.end()) {
            return fail("signer.missing",
                        Fault::us,
                        fmt::format("group {} names the signer {}, whose key is not there",
                                    group.name,
                                    group.archival_signer));
        }
        if (std::ranges::find(transit.signers, &signer->second) == transit.signers.end()) {
            transit.signers.push_back(&signer->second);
            step.facts.emplace_back("signer", signer->second.id);
        }
    }
    return {};
}

Result<void> decide_copies(Transit& transit, TraceStep& step) {
    Copy copy{.message = transit.message,
              .converted = false,
              .prefix = {},
              .recipients = transit.envelope.recipients,
              .eight_bit = false};
    copy.eight_bit = mail::needs_8bit(transit.message);
    if (copy.eight_bit && transit.snapshot->settings.seven_bit_always) {
        auto converted = mail::convert_to_7bit(transit.message);
        if (converted) {
            BULLA_TRY(parsed, mail::Message::parse(std::move(*converted)));
            copy.message = std::move(parsed);
            copy.converted = true;
            copy.eight_bit = mail::needs_8bit(copy.message);
            step.facts.emplace_back("converted", "to 7 bit (setting seven_bit)");
        } else {
            step.facts.emplace_back("not converted", converted.error().text);
        }
    }
    transit.copies.push_back(std::move(copy));
    step.facts.emplace_back("copies", "1");
    return {};
}

}  // namespace

Result<void> decide(Transit& transit) {
    TraceStep step{.stage = "decide", .at = {}, .facts = {}};
    BULLA_CHECK(decide_archiving(transit, step));
    BULLA_CHECK(decide_copies(transit, step));
    transit.trace.push_back(std::move(step));
    return {};
}

}  // namespace bulla::gateway
