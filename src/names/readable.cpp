#include "names/readable.h"

#include "names/labels.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <unicode/uspoof.h>

namespace bulla {
namespace {

const USpoofChecker* checker() {
    // Immutable once made, so any thread may use it; never closed, so that it outlives them all.
    static const USpoofChecker* const instance = [] {
        auto status = U_ZERO_ERROR;
        auto* made = uspoof_open(&status);
        uspoof_setChecks(made,
                         USPOOF_CHAR_LIMIT | USPOOF_RESTRICTION_LEVEL | USPOOF_INVISIBLE |
                             USPOOF_MIXED_NUMBERS | USPOOF_HIDDEN_OVERLAY,
                         &status);
        uspoof_setRestrictionLevel(made, USPOOF_HIGHLY_RESTRICTIVE);
        uspoof_setAllowedChars(made, uspoof_getRecommendedSet(&status), &status);
        if (U_FAILURE(status) != 0) {
            throw std::runtime_error("ICU has no data of UTS #39");
        }
        return made;
    }();
    return instance;
}

bool is_ascii(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80U; });
}

/// UTS #39 4: "whole-script confusables": what a reader who expects ASCII takes it for is ASCII.
bool looks_ascii(std::string_view label) {
    std::array<char, 1024> skeleton{};
    auto status = U_ZERO_ERROR;
    const auto size = uspoof_getSkeletonUTF8(checker(),
                                             0,
                                             label.data(),
                                             static_cast<std::int32_t>(label.size()),
                                             skeleton.data(),
                                             static_cast<std::int32_t>(skeleton.size()),
                                             &status);
    return U_FAILURE(status) != 0 ||
           is_ascii(std::string_view(skeleton.data(), static_cast<std::size_t>(size)));
}

}  // namespace

bool is_readable_label(std::string_view label) {
    if (is_ascii(label)) {
        return true;
    }
    auto status = U_ZERO_ERROR;
    const auto findings = uspoof_check2UTF8(
        checker(), label.data(), static_cast<std::int32_t>(label.size()), nullptr, &status);
    return U_FAILURE(status) == 0 && findings == 0 && !looks_ascii(label);
}

std::string make_readable(const std::string& ascii) {
    if (ascii.find("xn--") == std::string::npos) {
        return ascii;
    }
    std::string out;
    std::string_view rest = ascii;
    for (bool more = true; more;) {
        const auto dot = rest.find('.');
        const std::string label(rest.substr(0, dot));
        const std::string shown = labels_to_unicode(label);
        // Some A-labels decode to what is read as another label, or as none.
        const bool good = is_readable_label(shown) && normalize_labels(shown, 253) == label;
        out += good ? shown : label;
        more = dot != std::string_view::npos;
        if (more) {
            out += '.';
            rest.remove_prefix(dot + 1);
        }
    }
    return out;
}

}  // namespace bulla
