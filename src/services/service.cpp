#include "services/service.h"

#include "services/table.h"

#include <algorithm>
#include <fmt/format.h>

namespace bulla::services {
namespace {

std::unexpected<Error> bad_argument(std::string_view name, std::string_view why) {
    return refuse(name, "service.bad_argument", fmt::format("{} {}", name, why));
}

}  // namespace

const nlohmann::json* Arguments::find(std::string_view name) {
    asked_.emplace_back(name);
    if (!object_.is_object()) {
        return nullptr;
    }
    const auto found = object_.find(name);
    return found == object_.end() || found->is_null() ? nullptr : &*found;
}

bool Arguments::has(std::string_view name) const {
    return object_.is_object() && object_.contains(name) && !object_[std::string(name)].is_null();
}

Result<std::string> Arguments::text(std::string_view name, std::size_t max) {
    const nlohmann::json* value = find(name);
    if (value == nullptr) {
        return bad_argument(name, "is missing");
    }
    if (!value->is_string() || value->get_ref<const std::string&>().size() > max) {
        return bad_argument(name, fmt::format("must be a text of at most {} octets", max));
    }
    return value->get<std::string>();
}

Result<std::string> Arguments::text_or(std::string_view name,
                                       std::string fallback,
                                       std::size_t max) {
    if (!has(name)) {
        asked_.emplace_back(name);
        return fallback;
    }
    return text(name, max);
}

Result<std::int64_t> Arguments::whole_or(std::string_view name, std::int64_t fallback) {
    const nlohmann::json* value = find(name);
    if (value == nullptr) {
        return fallback;
    }
    if (!value->is_number_integer()) {
        return bad_argument(name, "must be a whole number");
    }
    return value->get<std::int64_t>();
}

Result<bool> Arguments::flag_or(std::string_view name, bool fallback) {
    const nlohmann::json* value = find(name);
    if (value == nullptr) {
        return fallback;
    }
    if (!value->is_boolean()) {
        return bad_argument(name, "must be true or false");
    }
    return value->get<bool>();
}

Result<std::vector<std::string>> Arguments::texts_or(std::string_view name,
                                                     std::vector<std::string> fallback) {
    const nlohmann::json* value = find(name);
    if (value == nullptr) {
        return fallback;
    }
    const auto is_text = [](const nlohmann::json& item) {
        return item.is_string() && item.get_ref<const std::string&>().size() <= 4096;
    };
    if (!value->is_array() || value->size() > 1000 || !std::ranges::all_of(*value, is_text)) {
        return bad_argument(name, "must be a list of at most 1000 texts");
    }
    return value->get<std::vector<std::string>>();
}

Result<void> Arguments::finish() const {
    if (!object_.is_object()) {
        return bad_argument("arguments", "must be an object");
    }
    for (const auto& [name, value] : object_.items()) {
        if (std::ranges::find(asked_, name) == asked_.end()) {
            return bad_argument(name, "is unknown here");
        }
    }
    return {};
}

const Service* find_service(std::string_view name) {
    const auto services = list_services();
    const auto found = std::ranges::find(services, name, &Service::name);
    return found == services.end() ? nullptr : &*found;
}

Result<nlohmann::json> call_service(ServiceContext& context,
                                    const Caller& caller,
                                    std::string_view name,
                                    const nlohmann::json& arguments) {
    const Service* service = find_service(name);
    if (service == nullptr) {
        return fail(
            "service.unknown",
            Fault::sender,
            fmt::format("there is no service \"{}\": are program and daemon of one version?",
                        name));
    }
    if (service->work == Work::reads) {
        return service->run(context, caller, arguments);
    }
    if (context.sealer == nullptr) {
        return fail("service.read_only", Fault::us, "the instance is open for reading only");
    }
    if (service->work == Work::changes_itself) {
        return service->run(context, caller, arguments);
    }
    const std::scoped_lock lock(context.changing);
    return service->run(context, caller, arguments);
}

}  // namespace bulla::services
