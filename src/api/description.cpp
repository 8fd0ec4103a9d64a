#include "api/description.h"

namespace bulla::api {

namespace {

#include BULLA_API_DESCRIPTION

}  // namespace

std::string_view api_description() {
    return {octets, sizeof octets};
}

}  // namespace bulla::api
