#include "cli/call.h"

#include "base/date.h"
#include "cli/output.h"
#include "services/call.h"

namespace bulla::cli {

Result<nlohmann::json> call(const Context& context,
                            std::string_view name,
                            const nlohmann::json& arguments) {
    BULLA_TRY(config, load_instance_config(context));
    return services::call_instance(
        config,
        name,
        arguments,
        {.prompt = true, .clock = context.clock, .random = context.random});
}

Result<ExitCode> call_and_print(const Context& context,
                                std::string_view name,
                                const nlohmann::json& arguments,
                                const std::function<void(const nlohmann::json&)>& print) {
    BULLA_TRY(value, call(context, name, arguments));
    if (context.json) {
        print_json(context.out, value);
    } else {
        print(value);
    }
    return ExitCode::ok;
}

std::string show_time(const nlohmann::json& moment) {
    const auto time = moment.is_string() ? parse_rfc3339(moment.get_ref<const std::string&>())
                                         : Result<Time>(fail("date.bad", Fault::us, "no time"));
    return time ? write_rfc3339(*time) : "-";
}

std::string show_flag(const nlohmann::json& flag) {
    return flag.is_boolean() && flag.get<bool>() ? "yes" : "no";
}

std::string show(const nlohmann::json& object, const char* member) {
    const auto found = object.find(member);
    if (found == object.end() || found->is_null()) {
        return "";
    }
    return found->is_string() ? found->get<std::string>() : found->dump();
}

void add_instance_options(CLI::App& command, Context& context) {
    add_config_option(command, context);
    add_json_option(command, context);
}

}  // namespace bulla::cli
