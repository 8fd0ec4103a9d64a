#include "mail/envelope.h"

namespace bulla::mail {

std::string_view to_string(Role role) {
    switch (role) {
        case Role::submission:
            return "submission";
        case Role::relay:
            return "relay";
        case Role::inbound:
            return "inbound";
        case Role::filter:
            return "filter";
    }
    return "inbound";
}

}  // namespace bulla::mail
