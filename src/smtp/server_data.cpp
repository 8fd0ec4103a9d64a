#include "smtp/replies.h"
#include "smtp/server_session.h"

#include <fmt/format.h>
#include <utility>

namespace bulla::smtp {

std::optional<Event> ServerSession::handle_mail(std::string_view argument) {
    if (helo_.empty()) {
        refuse(replies::bad_sequence("Send EHLO first"));
        return std::nullopt;
    }
    // RFC 5321 4.1.4: "MAIL (or SEND, SOML, or SAML) MUST NOT be sent if a mail transaction is already open"
    if (in_transaction_) {
        refuse(replies::bad_sequence("Sender already given"));
        return std::nullopt;
    }
    if (++transactions_ > options_.limits.transactions) {
        pass(Limit::transactions, "Too many messages in one session");
        return std::nullopt;
    }
    auto mail = parse_mail(argument);
    if (!mail) {
        refuse(mail.error());
        return std::nullopt;
    }
    // RFC 1870 6.1: a message that is declared greater than the limit is refused at once with 552.
    if (mail->size.value_or(0) > options_.limits.data.message_bytes) {
        pass(Limit::message_octets);
        refuse(make_reply(Refusal::message_too_big));
        return std::nullopt;
    }
    mail_ = *std::move(mail);
    set_identity();
    envelope_.from = mail_.from;
    envelope_.eight_bit = mail_.eight_bit;
    envelope_.smtputf8 = mail_.smtputf8;
    envelope_.ret = mail_.ret;
    envelope_.envid = mail_.envid;
    return Event::mail;
}

void ServerSession::count_refusal(const Reply& reply) {
    if (!reply.is_positive() && ++refusals_ > options_.limits.refusals) {
        pass(Limit::refusals, "Too many refused addresses");
    }
}

void ServerSession::answer_mail(const Reply& reply) {
    put(reply);
    in_transaction_ = reply.is_positive();
    if (!in_transaction_) {
        mail_ = {};
        set_identity();
    }
    count_refusal(reply);
}

std::optional<Event> ServerSession::handle_rcpt(std::string_view argument) {
    if (!in_transaction_) {
        refuse(replies::bad_sequence("Send MAIL first"));
        return std::nullopt;
    }
    if (chunked_) {
        refuse(replies::bad_sequence("The message has begun"));
        return std::nullopt;
    }
    auto recipient =
        parse_rcpt(argument, {.smtputf8 = mail_.smtputf8, .postmaster = options_.postmaster});
    if (!recipient) {
        rcpt_refused_ = true;
        refuse(recipient.error());
        return std::nullopt;
    }
    // RFC 5321 4.5.3.1.10: "The correct reply code for this condition is 452." The client sends the rest in another
    // transaction, so it is no error.
    if (envelope_.recipients.size() >= options_.limits.recipients) {
        pass(Limit::recipients);
        put(replies::too_many_recipients());
        count_refusal(replies::too_many_recipients());
        return std::nullopt;
    }
    asked_.push_back(*std::move(recipient));
    return Event::recipient;
}

void ServerSession::answer_recipient(const Reply& reply) {
    put(reply);
    if (reply.is_positive()) {
        envelope_.recipients.push_back(std::move(asked_.front()));
    } else {
        rcpt_refused_ = true;
    }
    asked_.clear();
    count_refusal(reply);
}

std::optional<Event> ServerSession::handle_data(std::string_view argument) {
    if (!argument.empty()) {
        refuse(replies::syntax("DATA"));
    } else if (!in_transaction_) {
        refuse(replies::bad_sequence("Send MAIL first"));
    } else if (chunked_) {
        // RFC 3030 2: "DATA and BDAT commands cannot be used in the same transaction."
        refuse(replies::bad_sequence("DATA after BDAT"));
    } else if (envelope_.recipients.empty()) {
        // RFC 2920 3.1: after recipients that were all refused, DATA that was sent with them is answered 554, and is no fault of the client.
        if (rcpt_refused_) {
            put(replies::no_recipients());
        } else {
            refuse(replies::bad_sequence("Send RCPT first"));
        }
    } else {
        bdat_ = {};
        return Event::data;
    }
    return std::nullopt;
}

void ServerSession::answer_data(const Reply& reply) {
    if (!reply.is_positive()) {
        if (chunked_) {
            drop_chunk(reply);
        } else {
            put(reply);
        }
        reset_transaction();
        return;
    }
    reader_.begin(chunked_ && mail_.size.value_or(0) == 0 ? bdat_.size : mail_.size.value_or(0));
    if (chunked_) {
        begin_chunk();
    } else {
        put(replies::start_input());
        state_ = State::data;
    }
}

std::optional<Event> ServerSession::handle_bdat(std::string_view argument) {
    const auto bdat = parse_bdat(argument);
    if (!bdat) {
        // The octets that follow cannot be told from commands any more.
        put(bdat.error());
        close(replies::closing("Cannot tell where the chunk ends"));
        return std::nullopt;
    }
    bdat_ = *bdat;
    chunk_left_ = bdat_.size;
    if (!in_transaction_ || envelope_.recipients.empty()) {
        // RFC 3030 2: the octets of a BDAT that is refused are read and thrown away; then the reply is sent.
        drop_chunk(in_transaction_ && rcpt_refused_
                       ? replies::no_recipients()
                       : replies::bad_sequence("Send MAIL and RCPT first"));
        return std::nullopt;
    }
    if (chunked_) {
        begin_chunk();
        return std::nullopt;
    }
    chunked_ = true;
    return Event::data;
}

void ServerSession::begin_chunk() {
    chunk_ = Chunk::kept;
    state_ = State::chunk;
    if (chunk_left_ > options_.limits.data.message_bytes + options_.limits.dropped_octets) {
        pass(Limit::dropped_octets, "Chunk far too big");
    } else if (chunk_left_ == 0) {
        state_ = State::text_done;
    }
}

void ServerSession::drop_chunk(const Reply& reply) {
    begin_chunk();
    chunk_ = Chunk::dropped;
    chunk_reply_ = reply;
    chunked_ = true;
}

std::optional<Event> ServerSession::finish_text() {
    state_ = State::command;
    if (chunk_ == Chunk::dropped) {
        chunk_ = Chunk::kept;
        chunked_ = false;
        refuse(chunk_reply_);
        return std::nullopt;
    }
    return chunked_ ? finish_chunk() : finish_message();
}

std::optional<Event> ServerSession::finish_chunk() {
    if (bdat_.last) {
        reader_.end_chunks();
        return finish_message();
    }
    if (const auto fault = reader_.fault()) {
        // RFC 3030 2: after a failed BDAT the rest of the transaction is refused until RSET or MAIL.
        refuse_message(*fault);
        return std::nullopt;
    }
    put({250, "2.0.0", fmt::format("{} octets received", bdat_.size)});
    if (bdat_.size == 0) {
        count_idle();
    }
    return std::nullopt;
}

std::optional<Event> ServerSession::finish_message() {
    idle_commands_ = 0;
    const auto refusal =
        reader_.fault() ? reader_.fault() : check_header(reader_.text(), options_.limits.header);
    if (refusal) {
        refuse_message(*refusal);
        return std::nullopt;
    }
    return Event::message;
}

// Answers the text of a message with a refusal, which ends the transaction.
void ServerSession::refuse_message(Refusal refusal) {
    switch (refusal) {
        case Refusal::line_too_long:
            pass(Limit::line_octets);
            break;
        case Refusal::message_too_big:
            pass(Limit::message_octets);
            break;
        case Refusal::header_too_big:
            pass(Limit::header_octets);
            break;
        case Refusal::too_many_fields:
            pass(Limit::header_fields);
            break;
        case Refusal::mail_loop:
            pass(Limit::received_fields);
            break;
        case Refusal::no_memory:
            pass(Limit::memory);
            break;
        default:
            break;
    }
    put(make_reply(refusal));
    reset_transaction();
}

}  // namespace bulla::smtp
