#include "archive/export.h"
#include "archive/summary.h"
#include "base/date.h"
#include "base/encoding.h"
#include "cli/archive_access.h"
#include "cli/archive_seal.h"
#include "cli/groups.h"
#include "cli/output.h"

#include <filesystem>
#include <fmt/format.h>
#include <functional>
#include <nlohmann/json.hpp>
#include <ostream>
#include <system_error>

namespace bulla::cli {

namespace {

using nlohmann::json;

json json_of(const archive::Summary& summary) {
    return {{"subject", summary.subject},
            {"from", summary.from},
            {"to", summary.to},
            {"cc", summary.cc},
            {"recipients", summary.recipients},
            {"message_id", summary.message_id},
            {"date", summary.date},
            {"role", summary.role},
            {"login", summary.login}};
}

archive::Summary summary_of(const archive::StoredMessage& stored) {
    auto summary = archive::parse_summary(stored.row.summary);
    return summary
               ? std::move(*summary)
               : archive::Summary{.subject = stored.text_error ? "(does not authenticate)" : ""};
}

std::string join(const std::vector<std::string>& texts) {
    return fmt::format("{}", fmt::join(texts, ", "));
}

struct ListOptions {
    archive::ListQuery query{};
    std::string from{}, to{}, before{};
};

/// A moment as people type it: RFC 3339, or a day alone.
Result<std::optional<Time>> parse_moment(const std::string& text) {
    constexpr std::size_t day_length = 10;
    if (text.empty()) {
        return std::optional<Time>();
    }
    BULLA_TRY(time, parse_rfc3339(text.size() == day_length ? text + "T00:00:00Z" : text));
    return std::optional(time);
}

Result<ExitCode> list(Context& context, ListOptions options) {
    BULLA_TRY(from, parse_moment(options.from));
    BULLA_TRY(to, parse_moment(options.to));
    options.query.from = from;
    options.query.to = to;
    if (!options.before.empty()) {
        BULLA_TRY(before, parse_message_argument(options.before));
        options.query.before = before;
    }
    BULLA_TRY(access, ArchiveAccess::open(context));
    BULLA_TRY(page, access->catalogue().list(options.query));
    auto messages = json::array();
    Table table({"ID", "RECEIVED", "SIZE", "FROM", "TO", "SUBJECT"});
    for (const auto& stored : page.messages) {
        const auto summary = summary_of(stored);
        const auto received = write_rfc3339(stored.row.id.time());
        auto object = json_of(summary);
        object.update({{"id", stored.row.id.text()},
                       {"received", received},
                       {"size", stored.row.size},
                       {"leaf", stored.row.leaf}});
        messages.push_back(std::move(object));
        table.add({stored.row.id.text(),
                   received,
                   fmt::to_string(stored.row.size),
                   summary.from,
                   join(summary.to.empty() ? summary.recipients : summary.to),
                   summary.subject});
    }
    if (context.json) {
        print_json(
            context.out,
            {{"messages", messages}, {"next", page.next ? json(page.next->text()) : json()}});
        return ExitCode::ok;
    }
    table.print(context.out, "no messages");
    if (page.next) {
        context.out << "more with --before " << page.next->text() << '\n';
    }
    return ExitCode::ok;
}

void add_list(CLI::App& group, Context& context) {
    auto options = std::make_shared<ListOptions>();
    auto& command = add_command(group,
                                "list",
                                {"List archived messages, newest first",
                                 "bulla archive list --sender alice@ --from 2026-11-01 --to "
                                 "2026-12-01\n  bulla archive list --json --limit 10"});
    command
        .add_option("--from",
                    options->from,
                    "Received at this time or later (2026-11-22, 2026-11-22T10:00:00Z)")
        ->type_name("TIME");
    command.add_option("--to", options->to, "Received before this time")->type_name("TIME");
    command.add_option("--sender", options->query.sender, "Part of From")->type_name("TEXT");
    command
        .add_option(
            "--recipient", options->query.recipient, "Part of To, Cc or an envelope recipient")
        ->type_name("TEXT");
    command.add_option("--subject", options->query.subject, "Part of Subject")->type_name("TEXT");
    command
        .add_option("--before", options->before, "Only messages older than this one: the next page")
        ->type_name("ID");
    command.add_option("--limit", options->query.limit, "How many [50]")
        ->type_name("N")
        ->check(CLI::Range(1, 10000));
    add_config_option(command, context);
    add_json_option(command, context);
    set_action(command, context, [options, &context] { return list(context, *options); });
}

json json_of(const archive::SignatureRow& row) {
    return {{"signer", row.signer},
            {"algorithm", row.algorithm},
            {"key_fingerprint", row.key_fingerprint},
            {"signature", base64_encode(row.signature)},
            {"signed_at", write_rfc3339(row.signed_at)}};
}

json json_of(const archive::StoredEvent& event) {
    return {{"at", write_rfc3339(event.row.at)},
            {"kind", event.row.kind},
            {"detail", event.text_error ? "(does not authenticate)" : event.row.detail}};
}

/// JSON of a trace; what is none is given as text.
json trace_of(const std::string& text) {
    auto trace = json::parse(text, nullptr, false);
    return trace.is_discarded() ? json(text) : trace;
}

json describe(const archive::StoredMessage& stored) {
    const auto& row = stored.row;
    const auto& address = row.address;
    return {{"id", row.id.text()},
            {"received", write_rfc3339(row.id.time(), true)},
            {"role", row.role},
            {"archived", row.archived},
            {"size", row.size},
            {"leaf", row.leaf},
            {"record",
             {{"volume", address.volume},
              {"pack", address.pack},
              {"offset", address.offset},
              {"length", address.length},
              {"slot", address.slot}}},
            {"summary", json_of(summary_of(stored))},
            {"trace", trace_of(row.trace)}};
}

// The stages as the flow wrote them; what is not of that form is left to --json.
void print_stages(const json& trace,
                  const std::function<void(std::string_view, const std::string&)>& line) {
    if (!trace.is_object() || !trace.contains("stages")) {
        return;
    }
    const auto begun = trace.value("begun", std::int64_t{0});
    for (const auto& stage : trace["stages"]) {
        std::string facts;
        for (const auto& fact : stage.value("facts", json::array())) {
            if (fact.is_array() && fact.size() == 2 && fact[0].is_string() && fact[1].is_string()) {
                facts += fmt::format("{}{} {}",
                                     facts.empty() ? "" : ", ",
                                     fact[0].get<std::string>(),
                                     fact[1].get<std::string>());
            }
        }
        const auto after = static_cast<double>(stage.value("at", begun) - begun) / 1000.0;
        line("Stage", fmt::format("{} +{:.1f} ms: {}", stage.value("stage", ""), after, facts));
    }
}

void print_message(std::ostream& out, const json& object) {
    const auto line = [&](std::string_view name, const std::string& value) {
        if (!value.empty()) {
            out << fmt::format("{:<12}{}\n", name, printable(value));
        }
    };
    const auto& summary = object["summary"];
    line("Message", object["id"].get<std::string>());
    line("Received",
         object["received"].get<std::string>() + " as " + object["role"].get<std::string>());
    line("Log-in", summary["login"].get<std::string>());
    line("From", summary["from"].get<std::string>());
    line("To", join(summary["to"].get<std::vector<std::string>>()));
    line("Cc", join(summary["cc"].get<std::vector<std::string>>()));
    line("Recipients", join(summary["recipients"].get<std::vector<std::string>>()));
    line("Subject", summary["subject"].get<std::string>());
    line("Date", summary["date"].get<std::string>());
    line("Message-ID", summary["message_id"].get<std::string>());
    line("Size", fmt::format("{} octets", object["size"].get<std::uint64_t>()));
    const auto& record = object["record"];
    line("Record",
         fmt::format("volume {}, pack {}, offset {}, {} octets",
                     record["volume"].get<std::string>(),
                     record["pack"].get<std::int64_t>(),
                     record["offset"].get<std::int64_t>(),
                     record["length"].get<std::int64_t>()));
    line("Log",
         object["leaf"].get<std::int64_t>() < 0
             ? "not archived"
             : fmt::format("leaf {}", object["leaf"].get<std::int64_t>()));
    for (const auto& signature : object["signatures"]) {
        line("Signature",
             fmt::format("{}, {}, key {}, made {}",
                         signature["signer"].get<std::string>(),
                         signature["algorithm"].get<std::string>(),
                         signature["key_fingerprint"].get<std::string>().substr(0, 16),
                         signature["signed_at"].get<std::string>()));
    }
    print_stages(object["trace"], line);
    for (const auto& event : object["events"]) {
        line("Event",
             fmt::format("{} {}: {}",
                         event["at"].get<std::string>(),
                         event["kind"].get<std::string>(),
                         event["detail"].get<std::string>()));
    }
}

Result<ExitCode> show(Context& context, const std::string& argument) {
    BULLA_TRY(id, parse_message_argument(argument));
    BULLA_TRY(access, ArchiveAccess::open(context));
    const auto& catalogue = access->catalogue();
    BULLA_TRY(stored, catalogue.message(id));
    if (!stored) {
        return fail("archive.no_message",
                    Fault::sender,
                    fmt::format("there is no message {} in the archive", id.text()));
    }
    BULLA_TRY(signatures, catalogue.signatures(id));
    BULLA_TRY(events, catalogue.events(id));
    json object = describe(*stored);
    object["signatures"] = json::array();
    object["events"] = json::array();
    for (const auto& signature : signatures) {
        object["signatures"].push_back(json_of(signature));
    }
    for (const auto& event : events) {
        object["events"].push_back(json_of(event));
    }
    if (context.json) {
        print_json(context.out, object);
    } else {
        print_message(context.out, object);
    }
    return ExitCode::ok;
}

void add_show(CLI::App& group, Context& context) {
    auto id = std::make_shared<std::string>();
    auto& command = add_command(group,
                                "show",
                                {"Show what is known of a message: what happened to it, its "
                                 "signatures and its place in the log",
                                 "bulla archive show 1C5ZK3N8Q0A00"});
    command.add_option("id", *id, "The message")->type_name("ID")->required();
    add_config_option(command, context);
    add_json_option(command, context);
    set_action(command, context, [id, &context] { return show(context, *id); });
}

struct ExportOptions {
    std::string id{};
    std::string output{};
    bool detached = false;
};

/// Writes message, signatures, keys and proof into a directory.
Result<ExitCode> export_files(Context& context,
                              ArchiveAccess& access,
                              MessageId id,
                              const std::string& directory) {
    archive::Findings ignored;
    BULLA_TRY(trust, access.trust({}, {}, ignored));
    BULLA_TRY(files,
              archive::export_detached({.catalogue = access.catalogue(),
                                        .log = access.log(),
                                        .records = access.instance().reader(),
                                        .keys = trust.keys,
                                        .log_key = access.instance().log_key()},
                                       id));
    std::error_code error;
    std::filesystem::create_directories(directory, error);
    if (error) {
        return fail("file.unwritable",
                    Fault::us,
                    fmt::format("{} cannot be made: {}", directory, error.message()));
    }
    auto names = json::array();
    for (const auto& file : files) {
        BULLA_CHECK(write_output_file(directory + "/" + file.name, file.bytes));
        names.push_back(file.name);
    }
    if (context.json) {
        print_json(context.out, {{"id", id.text()}, {"directory", directory}, {"files", names}});
    } else {
        context.out << fmt::format("{} files are in {}: {}/README.txt says how to check them\n",
                                   files.size(),
                                   directory,
                                   directory);
    }
    return ExitCode::ok;
}

Result<ExitCode> export_message(Context& context, const ExportOptions& options) {
    BULLA_TRY(id, parse_message_argument(options.id));
    BULLA_TRY(access, ArchiveAccess::open(context));
    if (options.detached) {
        return export_files(
            context, *access, id, options.output.empty() ? id.text() : options.output);
    }
    BULLA_TRY(opened, archive::open_message(access->catalogue(), access->instance().reader(), id));
    if (!options.output.empty()) {
        BULLA_CHECK(write_output_file(options.output, opened.plain));
    } else {
        context.out << opened.plain << std::flush;
    }
    return ExitCode::ok;
}

void add_export(CLI::App& group, Context& context) {
    auto options = std::make_shared<ExportOptions>();
    auto& command = add_command(
        group,
        "export",
        {"Give a message exactly as it was received, or all that others need to check it",
         "bulla archive export 1C5ZK3N8Q0A00 -o message.eml\n  bulla archive export 1C5ZK3N8Q0A00 "
         "--detached -o evidence"});
    command.add_option("id", options->id, "The message")->type_name("ID")->required();
    command.add_flag("--detached",
                     options->detached,
                     "Write message, detached signatures, public keys, proof and a README.txt with "
                     "the openssl command lines into a directory");
    command
        .add_option("-o,--output",
                    options->output,
                    "The file [standard output]; with --detached the directory [./ID]")
        ->type_name("PATH");
    add_config_option(command, context);
    add_json_option(command, context);
    set_action(command, context, [options, &context] { return export_message(context, *options); });
}

}  // namespace

void add_archive_commands(CLI::App& root, Context& context) {
    auto& group = add_group(
        root,
        "archive",
        {"Read and verify the archive; also while the daemon runs", "bulla archive verify --all"});
    add_list(group, context);
    add_show(group, context);
    add_export(group, context);
    add_archive_seal(group, context);
    add_archive_verify(group, context);
}

}  // namespace bulla::cli
