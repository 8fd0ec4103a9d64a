#include "cli/archive_access.h"

#include "archive/trust.h"

#include <fmt/format.h>
#include <fstream>
#include <nlohmann/json.hpp>
#include <utility>

namespace bulla::cli {

ArchiveAccess::ArchiveAccess(std::unique_ptr<services::Instance> instance,
                             store::Database::Lease lease)
    : instance_(std::move(instance)),
      lease_(std::move(lease)),
      catalogue_(*lease_, instance_->vault()),
      log_(*lease_) {}

Result<std::unique_ptr<ArchiveAccess>> ArchiveAccess::open(const Context& context) {
    BULLA_TRY(config, load_instance_config(context));
    const services::InstanceOptions options{.mode = services::OpenMode::reader, .prompt = true};
    BULLA_TRY(instance, services::Instance::open(config, options, context.clock, context.random));
    BULLA_TRY(lease, instance->database().lease(store::Access::read_only));
    return std::unique_ptr<ArchiveAccess>(new ArchiveAccess(std::move(instance), std::move(lease)));
}

Result<archive::Verifier::Options> ArchiveAccess::trust(const std::vector<std::string>& checkpoints,
                                                        const std::string& log_key_path,
                                                        archive::Findings& findings) {
    const archive::TrustSources sources{
        .state_path = instance_->config().state_path,
        .instance_log_key = instance_->log_key(),
        .log_key_path = log_key_path,
        .public_key_path = instance_->snapshots().current()->settings.signature_public_key_path,
        .checkpoint_paths = checkpoints};
    return archive::load_trust(catalogue_, log_, sources, findings);
}

Result<MessageId> parse_message_argument(const std::string& text) {
    const auto id = MessageId::parse(text);
    if (!id) {
        return fail("message_id.bad",
                    Fault::sender,
                    fmt::format("\"{}\" is no message id: see \"bulla archive list\"", text));
    }
    return *id;
}

Result<void> write_output_file(const std::string& path, std::string_view bytes) {
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    file.close();
    if (!file) {
        return fail("file.unwritable", Fault::us, fmt::format("{} cannot be written", path));
    }
    return {};
}

nlohmann::json to_json(const archive::Findings& findings) {
    constexpr std::string_view words[] = {"ok", "note", "bad"};
    auto list = nlohmann::json::array();
    for (const auto& [outcome, check, text] : findings.list()) {
        list.push_back({{"outcome", words[static_cast<std::size_t>(outcome)]},
                        {"check", check},
                        {"text", text}});
    }
    return list;
}

}  // namespace bulla::cli
