// folders: mail
#include "mail/address.h"
#include "mail/encoded_word.h"
#include "mail/message.h"
#include "mail/mime.h"
#include "mail/seven_bit.h"

#include "target.h"

#include <cstdlib>
#include <string>

namespace mail = bulla::mail;

// Headers, addresses, encoded words, MIME tree and the conversion to seven bits, on any bytes.
extern "C" int run_fuzz_target(const std::uint8_t* data, std::size_t size) {
    const auto message =
        mail::Message::parse(std::string(reinterpret_cast<const char*>(data), size));
    if (!message) {
        return 0;
    }
    for (const mail::FieldSpan& span : message->fields()) {
        (void)mail::parse_address_list(message->value(span));
        (void)mail::decode_encoded_words(message->value(span));
        (void)mail::parse_parameterized(message->value(span));
    }
    if (const auto tree = mail::parse_mime(*message)) {
        for (const mail::MimePart& part : tree->parts) {
            (void)mail::decoded_body(*message, part);
        }
    }
    const auto converted = mail::make_seven_bit(*message);
    if (converted && converted->complete) {
        const auto again = mail::Message::parse(converted->bytes);
        if (again && mail::find_needs(*again).eight_bit) {
            std::abort();
        }
    }
    return 0;
}
