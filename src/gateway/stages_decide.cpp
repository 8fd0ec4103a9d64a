#include "gateway/hand_back.h"
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

// RFC 6531 3.6: a message needs SMTPUTF8 for its header or for an address of its envelope, whatever the client asked for.
bool addresses_need_utf8(const mail::Envelope& envelope) {
    return (envelope.from && envelope.from->needs_utf8()) ||
           std::ranges::any_of(envelope.recipients, [](const auto& recipient) {
               return recipient.mailbox.needs_utf8();
           });
}

Result<void> convert(const Transit& transit, Copy& copy, TraceStep& step) {
    BULLA_TRY(seven_bit, mail::make_seven_bit(transit.message));
    BULLA_TRY(converted, mail::Message::parse(std::move(seven_bit.bytes)));
    copy.message = std::move(converted);
    copy.converted = true;
    step.facts.emplace_back("converted",
                            seven_bit.complete ? "to 7 bit (setting seven_bit)"
                                               : "to 7 bit, but for what a signature covers");
    return {};
}

Result<void> decide_copies(Transit& transit, TraceStep& step) {
    Copy copy;
    copy.message = transit.message;
    copy.recipients = transit.envelope.recipients;
    auto needs = mail::find_needs(transit.message);
    if ((needs.eight_bit || needs.binary) && transit.snapshot->settings.seven_bit_always) {
        // What cannot be converted goes on as it is: the next hop decides whether it can take it.
        if (auto outcome = convert(transit, copy, step); outcome) {
            needs = mail::find_needs(copy.message);
        } else {
            const auto& error = outcome.error();
            transit.beyond_mime_limits =
                error.code == "mime.too_many_parts" || error.code == "mime.too_deep";
            step.facts.emplace_back("not converted", error.text);
        }
    }
    copy.eight_bit = needs.eight_bit || needs.binary;
    copy.smtputf8 = needs.smtputf8 || addresses_need_utf8(transit.envelope);
    transit.copies.push_back(std::move(copy));
    step.facts.emplace_back("copies", "1");
    return {};
}

// One copy goes back to the mail server, changed in place; of several bulla is the owner.
void decide_hand_back(Transit& transit, TraceStep& step) {
    using enum Transit::HandBackAbility;
    if (transit.ability == none || transit.copies.size() != 1) {
        return;
    }
    const auto& copy = transit.copies.front();
    transit.handed_back =
        !copy.converted || (transit.ability == change && make_edits(transit.message, copy));
    if (transit.handed_back) {
        step.facts.emplace_back("handed", "back to the mail server");
    }
}

}  // namespace

Result<void> decide(Transit& transit) {
    TraceStep step{.stage = "decide", .at = {}, .facts = {}};
    BULLA_CHECK(decide_archiving(transit, step));
    BULLA_CHECK(decide_copies(transit, step));
    decide_hand_back(transit, step);
    transit.trace.push_back(std::move(step));
    return {};
}

}  // namespace bulla::gateway
