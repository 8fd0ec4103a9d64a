#include "reader/view.h"

#include "base/encoding.h"
#include "reader/content.h"
#include "reader/safe_html.h"

#include <fmt/format.h>
#include <unordered_map>

namespace bulla::reader {

namespace {

constexpr std::size_t max_text = std::size_t{2} << 20;
constexpr std::size_t max_picture = std::size_t{5} << 20;
constexpr std::size_t max_pictures = 1000;

constexpr std::string_view text_style =
    ":root{color-scheme:light dark}body{margin:16px;font:15px/1.5 "
    "system-ui,sans-serif;overflow-wrap:anywhere;white-space:pre-wrap}";
// Who writes HTML mail thinks of white paper.
constexpr std::string_view html_style =
    ":root{color-scheme:light}body{margin:16px;font:15px/1.5 "
    "system-ui,sans-serif;background:#fff;color:#111;overflow-wrap:anywhere}"
    "img{max-width:100%;height:auto}.bulla-note{font:13px sans-serif;color:#555;border:1px solid "
    "#ccc;padding:6px 10px;margin:0 0 12px}";

std::string page(std::string_view style, std::string_view body) {
    return fmt::format(
        "<!doctype html><html><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
        "content=\"width=device-width\"><title>Message</title>"
        "<style>{}</style></head><body>{}</body></html>",
        style,
        body);
}

bool is_shown_picture(std::string_view type) {
    return type == "image/png" || type == "image/jpeg" || type == "image/gif" ||
           type == "image/webp";
}

/// The pictures that a message brings along, by Content-ID (RFC 2392).
class Pictures {
  public:
    Pictures(const mail::Message& message, const mail::MimeTree& tree) : message_(message) {
        for (const auto& part : tree.parts) {
            if (part.type.starts_with("image/")) {
                by_id_.emplace(content_id(part), &part);
            }
        }
    }

    /// A message names its pictures as often as it likes: each is decoded once.
    [[nodiscard]] const std::string& url(std::string_view id) {
        const auto [known, is_new] = urls_.try_emplace(std::string(id));
        if (const auto found = by_id_.find(known->first); is_new && found != by_id_.end()) {
            known->second = make_url(*found->second);
        }
        return known->second;
    }

  private:
    [[nodiscard]] std::string make_url(const mail::MimePart& part) const {
        if (!is_shown_picture(part.type) || part.end - part.body_begin > max_picture * 3 / 2 ||
            urls_.size() > max_pictures) {
            return {};
        }
        const auto bytes = mail::decoded_body(message_, part);
        return bytes.size() > max_picture ? std::string{}
                                          : "data:" + part.type + ";base64," + base64_encode(bytes);
    }

    [[nodiscard]] std::string content_id(const mail::MimePart& part) const {
        const auto header = mail::Message::parse(
            std::string(message_.bytes().substr(part.begin, part.body_begin - part.begin)));
        const auto field = header ? header->first("Content-ID") : std::string{};
        return field.starts_with('<') && field.ends_with('>') ? field.substr(1, field.size() - 2)
                                                              : field;
    }

    const mail::Message& message_;
    std::unordered_map<std::string, const mail::MimePart*> by_id_;
    std::unordered_map<std::string, std::string> urls_;
};

std::string show_html(const mail::Message& message,
                      const Content& content,
                      const mail::MimePart& part) {
    Pictures pictures(message, content.tree);
    const auto safe =
        make_safe_html(read_text(message, part, max_text),
                       {.picture = [&](std::string_view id) { return pictures.url(id); }});
    std::string notes;
    if (safe.outside > 0) {
        notes += fmt::format(
            "<p class=\"bulla-note\">{} picture{} from elsewhere {} not loaded: loading tells the "
            "sender that you read this.</p>",
            safe.outside,
            safe.outside == 1 ? "" : "s",
            safe.outside == 1 ? "was" : "were");
    }
    if (safe.cut) {
        notes +=
            "<p class=\"bulla-note\">The message is too long to be shown whole: download it.</p>";
    }
    return page(html_style, notes + safe.html);
}

}  // namespace

Result<std::string> make_view(const mail::Message& message, ViewPart part) {
    BULLA_TRY(content, read_content(message));
    if (content.html && (part != ViewPart::text || !content.text)) {
        return show_html(message, content, content.tree.parts[*content.html]);
    }
    if (content.text) {
        return page(text_style,
                    escape_html(read_text(message, content.tree.parts[*content.text], max_text)));
    }
    return page(text_style, "This message has no text.");
}

}  // namespace bulla::reader
