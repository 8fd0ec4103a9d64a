// folders: mail
#include "mail/address.h"
#include "mail/encoded_word.h"
#include "mail/message.h"
#include "mail/mime.h"
#include "mail/seven_bit.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

// Headers, addresses, encoded words, MIME tree and the conversion to seven bits, on any bytes.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace bulla::mail;
    const auto message = Message::parse(std::string(reinterpret_cast<const char*>(data), size));
    if (!message) {
        return 0;
    }
    for (const FieldSpan& span : message->fields()) {
        (void)parse_address_list(message->value(span));
        (void)decode_encoded_words(message->value(span));
        (void)parse_parameterized(message->value(span));
    }
    if (const auto tree = parse_mime(*message)) {
        for (const MimePart& part : tree->parts) {
            (void)decoded_body(*message, part);
        }
    }
    const auto converted = make_seven_bit(*message);
    if (converted && converted->complete) {
        const auto again = Message::parse(converted->bytes);
        if (again && find_needs(*again).eight_bit) {
            std::abort();
        }
    }
    return 0;
}
