#include "qmail/stage.h"

#include <charconv>
#include <cstdint>
#include <fmt/format.h>

namespace bulla::qmail {

namespace {

// conf-split of qmail.
constexpr std::int64_t split = 23;

std::string stage_directory(std::int64_t process) {
    return fmt::format("queue/dkim/{}", process % split);
}

}  // namespace

std::string stage_path(Machine& machine) {
    const std::int64_t process = machine.own_process();
    return fmt::format("{}/{}", stage_directory(process), process);
}

void sweep_stages(Machine& machine) {
    for (std::int64_t n = 0; n < split; ++n) {
        const std::string directory = stage_directory(n);
        for (const auto& name : machine.list(directory)) {
            std::int64_t process = 0;
            const auto [end, error] =
                std::from_chars(name.data(), name.data() + name.size(), process);
            const bool is_ours = error == std::errc{} && end == name.data() + name.size();
            // One of our own number is of a process before us.
            if (is_ours && (process == machine.own_process() || !machine.is_alive(process))) {
                // What cannot be taken away is in nobody's way.
                static_cast<void>(machine.remove(fmt::format("{}/{}", directory, name)));
            }
        }
    }
}

Result<void> stage_message(Machine& machine, std::string_view fields, std::string_view message) {
    const std::string path = stage_path(machine);
    BULLA_CHECK(machine.create_stage(path));
    const auto write = [&]() -> Result<void> {
        BULLA_CHECK(machine.write_stage(fields));
        BULLA_CHECK(machine.write_stage(message));
        return machine.stage_becomes_input();
    };
    auto written = write();
    auto removed = machine.remove(path);
    if (!written) {
        return written;
    }
    if (!removed) {
        return fail("qmail.unlink", Fault::us, removed.error().text);
    }
    return {};
}

}  // namespace bulla::qmail
