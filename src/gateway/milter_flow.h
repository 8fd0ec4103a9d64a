#pragma once
#include "gateway/flow.h"
#include "gateway/hand_back.h"
#include "mail/envelope.h"

#include <functional>
#include <string>

namespace bulla::gateway {

/// What a mail server whose filter we are can be asked for.
struct MilterOptions {
    bool take_over = false;     ///< The mail server is to forget every message: bulla delivers it.
    bool keeps_fields = false;  ///< It sends fields on as they are, white space included.
    bool can_change = false;    ///< Fields and bodies can be changed, not only added to.
};

/// What the mail server is to do with a message.
struct HandBack {
    Reply reply;              ///< 250, or why the message is refused; then nothing else is set.
    bool taken_over = false;  ///< It must forget the message: its deliveries are ours.
    Edits edits;              ///< Else: what it is to change.
    /// To be called once when the reply is 250, from any thread; does not wait: `told` says whether the mail server was given the answer. Only
    /// then do our own deliveries begin; otherwise they are withdrawn, since the mail server's client will come again.
    std::function<void(bool told)> settle;
};

/// run_flow() for a message that a mail server holds. One copy is handed back to be changed in place, and its record says so; a message of
/// several copies, or of one that cannot be made in place, is taken over: sealed with queue entries for all. `done` is called once.
void run_milter_flow(const FlowContext& context,
                     mail::Envelope envelope,
                     std::string bytes,
                     MilterOptions options,
                     std::function<void(HandBack)> done);

}  // namespace bulla::gateway
