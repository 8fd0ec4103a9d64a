#pragma once
#include <string_view>

namespace bulla {

/// The result of an authentication check, in the words of RFC 8601 2.7. A verdict is data: a signature that fails is a call that succeeded.
/// Only SPF has softfail.
enum class Verdict { none, pass, fail, policy, neutral, temperror, permerror, softfail };

/// The word of RFC 8601 2.7 for `verdict`.
constexpr std::string_view to_string(Verdict verdict) {
    switch (verdict) {
        case Verdict::none:
            return "none";
        case Verdict::pass:
            return "pass";
        case Verdict::fail:
            return "fail";
        case Verdict::policy:
            return "policy";
        case Verdict::neutral:
            return "neutral";
        case Verdict::temperror:
            return "temperror";
        case Verdict::permerror:
            return "permerror";
        case Verdict::softfail:
            return "softfail";
    }
    return "permerror";
}

}  // namespace bulla
