#include "gateway/stages.h"
#include "mail/seven_bit.h"

#include <algorithm>
#include <fmt/format.h>

namespace bulla::gateway {

namespace {

// The groups that sender, authors or recipients belong to, each once, in the order of their names.
std::vector<const directory::Group*> find_groups(const Transit& transit) {
    std::vector<const directory::Group*> found;
    const auto add = [&](const Mailbox& address) {
        for (const auto* group : transit.snapshot->find_groups(address)) {
            if (std::ranges::find(found, group) == found.end()) {
                found.push_back(group);
            }
        }
    };
    if (transit.envelope.from) {
        add(*transit.envelope.from);
    }
    std::ranges::for_each(transit.from, add);
    for (const auto& recipient : transit.envelope.recipients) {
        add(recipient.mailbox);
    }
    std::ranges::sort(found, {}, &directory::Group::name);
    return found;
}

// ARC-08: a message archived for several groups is stored once and signed by each group's signer.
Result<void> decide_archiving(Transit& transit, TraceStep& step) {
    for (const auto* member : find_groups(transit)) {
        const auto& group = *member;
        if (!group.archiving) {
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
