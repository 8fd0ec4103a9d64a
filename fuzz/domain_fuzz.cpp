// folders: names
// What parses is in its one comparable form: parsing that, or the form for people, gives the same name.
#include "names/domain.h"
#include "names/readable.h"
#include "names/selector.h"

#include "target.h"

#include <cstdlib>

extern "C" int run_fuzz_target(const std::uint8_t* data, std::size_t size) {
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    if (const auto name = bulla::DomainName::parse(text)) {
        const auto again = bulla::DomainName::parse(name->ascii());
        const auto shown = bulla::DomainName::parse(name->unicode());
        const auto readable = bulla::DomainName::parse(bulla::make_readable(name->ascii()));
        if (!again || *again != *name || !shown || *shown != *name || !readable ||
            *readable != *name || name->ascii().size() > 253 || !name->is_within(*again)) {
            std::abort();
        }
    }
    if (const auto selector = bulla::Selector::parse(text)) {
        const auto again = bulla::Selector::parse(selector->text());
        if (!again || *again != *selector) {
            std::abort();
        }
    }
    return 0;
}
