#include "qmail/dksign.h"

#include "qmail/lines.h"
#include "qmail/signing.h"
#include "qmail/stage.h"

#include <fmt/format.h>
#include <utility>

namespace bulla::qmail {

namespace {

constexpr auto remote = "bin/qmail-remote";

/// What qmail-rspawn is told of the whole message: Z is tried again, D comes back.
void tell(Machine& machine, char kind, std::string_view text, const Error* why = nullptr) {
    if (why != nullptr) {
        machine.log(fmt::format("{} ({})", text, why->text));
    }
    std::string line{kind};
    line.append(text).append("\n").push_back('\0');
    machine.report(line);
}

void run_remote(Machine& machine, const std::vector<std::string>& arguments) {
    std::vector<std::string> all{"qmail-remote"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    if (const auto run = machine.run(remote, all); !run) {
        tell(machine, 'Z', "unable to run qmail-remote.", &run.error());
    }
}

/// False: the sender was told why not.
bool put_signed(Machine& machine, const Control& control, const Decision& decision, Time now) {
    const auto text = machine.read_message();
    if (!text) {
        tell(machine, 'Z', "Unable to read message.", &text.error());
        return false;
    }
    auto lines = to_crlf(*text);
    if (!lines) {
        tell(machine,
             'D',
             lines.error().code == "qmail.stray_cr"
                 ? "SMTP cannot transfer messages with stray carriage returns."
                 : "SMTP cannot transfer messages with partial final lines.");
        return false;
    }
    Signed made;
    if (const auto message = mail::Message::parse(*std::move(lines))) {
        made = sign(machine, control, decision, *message, now);
    } else {
        made.missed.push_back("continue without signing: " + message.error().text);
    }
    for (const auto& line : made.missed) {
        machine.log(line);
    }
    sweep_stages(machine);
    const auto staged = stage_message(machine, to_lf(made.fields), *text);
    if (!staged) {
        const bool unlink = staged.error().code == "qmail.unlink";
        tell(machine,
             'Z',
             unlink ? std::string("Unable to unlink DKIM stage file.")
                    : "Unable to create DKIM stage file: " + stage_path(machine),
             &staged.error());
        return false;
    }
    return true;
}

}  // namespace

void deliver(Machine& machine,
             const std::string& home,
             const std::vector<std::string>& arguments,
             const Clock& clock) {
    if (const auto moved = machine.change_directory(home); !moved) {
        tell(machine, 'Z', "Unable to switch to target directory.", &moved.error());
        return;
    }
    const auto control = load_control(machine);
    if (!control) {
        tell(machine, 'Z', "Unable to read control files.", &control.error());
        return;
    }
    if (const auto& rules = *control; rules.has_value()) {
        const auto decision = decide(*rules, arguments.size() > 1 ? arguments[1] : "");
        if (decision.entry != nullptr && !put_signed(machine, *rules, decision, clock.now())) {
            return;
        }
    }
    run_remote(machine, arguments);
}

}  // namespace bulla::qmail
