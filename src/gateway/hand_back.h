#pragma once
#include "gateway/transit.h"
#include "mail/message.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace bulla::gateway {

/// A change of one header field, for whoever has the message.
struct FieldEdit {
    enum class Kind {
        change,  ///< The `index`-th field (from 1) of this name gets another value.
        add,     ///< A field after all others.
        insert,  ///< A field before all others.
    };
    Kind kind = Kind::insert;
    std::uint32_t index = 0;
    std::string name;
    std::string value;  ///< What stands after the colon, folded, without the last CRLF.
};

/// What turns a message into a copy of it.
struct Edits {
    std::vector<FieldEdit> fields;  ///< To be done in this order.
    std::optional<std::string> body;
};

/// What turns `received` into `copy`, its prefix included; nothing if changes of single fields cannot. Pure.
[[nodiscard]] std::optional<Edits> make_edits(const mail::Message& received, const Copy& copy);

}  // namespace bulla::gateway
