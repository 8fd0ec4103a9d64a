#include "archive/export.h"
#include "reader/content.h"
#include "reader/view.h"
#include "services/archive.h"
#include "services/octets.h"
#include "services/table.h"

#include <fmt/format.h>

namespace bulla::services {
namespace {

constexpr std::size_t max_text = std::size_t{1} << 20;

Result<mail::Message> load_message(ServiceContext& context, Arguments& in) {
    BULLA_TRY(id, read_message_id(in));
    BULLA_TRY(reading, ArchiveReading::open(context));
    BULLA_TRY(opened, archive::open_message(reading.catalogue(), reading.records(), id));
    return mail::Message::parse(std::move(opened.plain));
}

}  // namespace

// {"id"} → openapi: MessageContent. Errors: archive.no_message, those of the records and of reader::read_content.
Result<json> show_content(ServiceContext& context, const Caller&, const json& arguments) {
    Arguments in(arguments);
    BULLA_TRY(message, load_message(context, in));
    BULLA_CHECK(in.finish());
    BULLA_TRY(content, reader::read_content(message));
    json out{{"fields", json::array()},
             {"parts", json::array()},
             {"has_html", content.html.has_value()}};
    for (const auto& field : content.fields) {
        out["fields"].push_back({{"name", field.name}, {"value", field.value}, {"raw", field.raw}});
    }
    for (const auto& part : content.parts) {
        out["parts"].push_back({{"part", part.number},
                                {"type", part.type},
                                {"name", part.name},
                                {"size", part.size},
                                {"disposition", part.disposition}});
    }
    if (content.text) {
        out["text"] = reader::read_text(message, content.tree.parts[*content.text], max_text);
    }
    return out;
}

// {"id", "part"?: auto|html|text} → octets text/html with the policy that it must be served with.
Result<json> view_content(ServiceContext& context, const Caller&, const json& arguments) {
    Arguments in(arguments);
    BULLA_TRY(which, in.text_or("part", "auto", 8));
    BULLA_TRY(message, load_message(context, in));
    BULLA_CHECK(in.finish());
    if (which != "auto" && which != "html" && which != "text") {
        return refuse("part", "service.bad_argument", "part: auto, html or text");
    }
    BULLA_TRY(view,
              reader::make_view(message,
                                which == "html"   ? reader::ViewPart::html
                                : which == "text" ? reader::ViewPart::text
                                                  : reader::ViewPart::automatic));
    auto out = make_octets("text/html; charset=utf-8", view);
    out["policy"] = reader::view_policy;
    return out;
}

// {"id", "part"} → octets, always to be saved, never to be shown. Errors: archive.no_message, archive.no_part.
Result<json> load_part(ServiceContext& context, const Caller&, const json& arguments) {
    Arguments in(arguments);
    BULLA_TRY(number, in.text("part", 64));
    BULLA_TRY(message, load_message(context, in));
    BULLA_CHECK(in.finish());
    BULLA_TRY(content, reader::read_content(message));
    const auto* part = reader::find_part(content, number);
    if (part == nullptr) {
        return fail("archive.no_part",
                    Fault::sender,
                    fmt::format("the message has no part \"{}\"", number));
    }
    auto out = make_octets("application/octet-stream",
                           mail::decoded_body(message, content.tree.parts[part->index]));
    out["filename"] = part->name.empty() ? "part-" + part->number : part->name;
    return out;
}

}  // namespace bulla::services
