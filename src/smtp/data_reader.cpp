#include "smtp/data_reader.h"

#include "smtp/scan.h"

#include <algorithm>
#include <utility>

namespace bulla::smtp {

namespace {

// The budget is asked for this much at a time.
constexpr std::size_t charge_step = 64U << 10;
// Beyond this size room for the largest message is reserved in one go: pages that are never written cost nothing, and no growth copies the text.
constexpr std::size_t growth_limit = 1U << 20;

}  // namespace

void DataReader::begin(std::uint64_t size_hint) {
    clear();
    state_ = State::line_start;
    fault_.reset();
    octets_ = 0;
    line_ = 0;
    bytes_.reserve(
        static_cast<std::size_t>(std::min<std::uint64_t>(size_hint, limits_.message_bytes)));
}

void DataReader::clear() {
    std::string().swap(bytes_);
    if (charged_ > 0) {
        gate_->give(charged_);
        charged_ = 0;
    }
}

ReadMessage DataReader::release() {
    ReadMessage message{.bytes = std::move(bytes_), .charged = std::exchange(charged_, 0)};
    bytes_.clear();
    return message;
}

void DataReader::set_fault(Refusal fault) {
    if (!fault_) {
        fault_ = fault;
        clear();
    }
}

void DataReader::make_room(std::size_t more) {
    const std::size_t needed = bytes_.size() + more;
    if (gate_ != nullptr && needed > charged_) {
        const std::size_t step = (needed - charged_ + charge_step - 1) / charge_step * charge_step;
        if (!gate_->take(step)) {
            set_fault(Refusal::no_memory);
            return;
        }
        charged_ += step;
    }
    if (needed > bytes_.capacity() && needed > growth_limit) {
        bytes_.reserve(limits_.message_bytes);
    }
}

void DataReader::append(std::string_view run) {
    if (run.empty() || fault_) {
        return;
    }
    if (run.size() > limits_.message_bytes - bytes_.size()) {
        set_fault(Refusal::message_too_big);
        return;
    }
    make_room(run.size());
    if (!fault_) {
        bytes_.append(run);
    }
}

void DataReader::add_to_line(std::size_t octets) {
    line_ += octets;
    if (line_ > limits_.line_bytes) {
        set_fault(Refusal::line_too_long);
    }
}

void DataReader::bare_newline() {
    // RFC 5321 2.3.8: "Conforming implementations MUST NOT recognize or generate any other character or character sequence as a line terminator."
    // A line end that others see and we do not is how a second message is smuggled in.
    if (limits_.repair) {
        append("\r\n");
    } else {
        set_fault(Refusal::bare_newline);
    }
    line_ = 0;
}

void DataReader::nul_octet() {
    // RFC 2045 2.8: "As with '7bit data' CR and LF octets only occur as part of CRLF line separation sequences and no NULs are allowed."
    // More would need BINARYMIME, which is not offered. Readers written in C end a field or a line at a NUL, so that they and we would see
    // two messages. To repair is to leave it out: RFC 5322 4.1 reads it, in old mail, as an octet that means nothing.
    if (!limits_.repair) {
        set_fault(Refusal::nul_octet);
    }
}

// Handles every state but `text`; true if the end of the data was reached.
bool DataReader::step_state(std::string_view in, std::size_t& at, std::size_t& run, bool stuffed) {
    const char c = in[at];
    switch (state_) {
        case State::line_start:
            state_ = State::text;
            // RFC 5321 4.5.2: "If the first character is a period and there are other characters on the line, the first character is deleted."
            if (stuffed && c == '.') {
                append(in.substr(run, at - run));
                run = ++at;
                state_ = State::dot;
            }
            return false;
        case State::dot:
            state_ = State::text;
            if (c == '\r') {
                run = ++at;
                state_ = State::dot_cr;
            }
            return false;
        case State::dot_cr:
        case State::cr:
            if (c == '\n') {
                run = ++at;
                // RFC 5321 4.1.1.4: "The mail data are terminated by a line containing only a period, that is, the character sequence
                // '<CRLF>.<CRLF>'"
                if (state_ == State::dot_cr) {
                    state_ = State::end;
                    return true;
                }
                append("\r\n");
                line_ = 0;
                state_ = State::line_start;
            } else {
                bare_newline();
                state_ = State::text;
            }
            return false;
        case State::text:
        case State::end:
            break;
    }
    return false;
}

void DataReader::step_text(std::string_view in, std::size_t& at, std::size_t& run) {
    const std::size_t found = find_text_break(in, at);
    add_to_line(found - at);
    at = found;
    if (at == in.size()) {
        return;
    }
    if (in[at] == '\r' && at + 1 < in.size() && in[at + 1] == '\n') {
        at += 2;
        line_ = 0;
        state_ = State::line_start;
        return;
    }
    append(in.substr(run, at - run));
    if (in[at] == '\r') {
        state_ = State::cr;
    } else if (in[at] == '\0') {
        nul_octet();
    } else {
        // Not a line start: a dot after a bare LF is text, whatever the sender meant by it.
        bare_newline();
    }
    run = ++at;
}

std::size_t DataReader::scan(std::string_view in, bool stuffed) {
    std::size_t at = 0;
    std::size_t run = 0;  // where the text begins that is not yet appended
    while (at < in.size()) {
        if (state_ == State::text) {
            step_text(in, at, run);
        } else if (step_state(in, at, run, stuffed)) {
            break;
        }
    }
    if (run < at) {
        append(in.substr(run, at - run));
    }
    octets_ += at;
    return at;
}

std::size_t DataReader::take_data(std::string_view in) {
    return at_end() ? 0 : scan(in, true);
}

void DataReader::take_chunk(std::string_view in) {
    static_cast<void>(scan(in, false));
}

void DataReader::end_chunks() {
    if (state_ == State::cr) {
        bare_newline();
    } else if (state_ != State::line_start) {
        append("\r\n");
    }
    state_ = State::end;
}

}  // namespace bulla::smtp
