#include "reader/safe_html.h"

#include "reader/link.h"

#include <algorithm>
#include <array>
#include <libxml/HTMLparser.h>
#include <memory>
#include <vector>

namespace bulla::reader {

namespace {

template <std::size_t N>
constexpr bool contains(const std::array<std::string_view, N>& sorted, std::string_view name) {
    return std::ranges::binary_search(sorted, name);
}

constexpr auto kept_elements = std::to_array<std::string_view>(
    {"a",       "abbr",   "address", "b",     "bdi",   "bdo",      "big",   "blockquote", "br",
     "caption", "center", "cite",    "code",  "col",   "colgroup", "dd",    "del",        "dfn",
     "div",     "dl",     "dt",      "em",    "font",  "h1",       "h2",    "h3",         "h4",
     "h5",      "h6",     "hr",      "i",     "img",   "ins",      "kbd",   "li",         "mark",
     "ol",      "p",      "pre",     "q",     "s",     "samp",     "small", "span",       "strike",
     "strong",  "sub",    "sup",     "table", "tbody", "td",       "tfoot", "th",         "thead",
     "tr",      "tt",     "u",       "ul",    "var",   "wbr"});
static_assert(std::ranges::is_sorted(kept_elements));

constexpr auto block_elements = std::to_array<std::string_view>({"article",
                                                                 "aside",
                                                                 "details",
                                                                 "figcaption",
                                                                 "figure",
                                                                 "footer",
                                                                 "header",
                                                                 "main",
                                                                 "nav",
                                                                 "section",
                                                                 "summary"});
static_assert(std::ranges::is_sorted(block_elements));

// With everything inside them.
constexpr auto dropped_elements = std::to_array<std::string_view>(
    {"applet", "audio",    "canvas",   "embed",    "frame",  "frameset", "iframe",
     "math",   "noembed",  "noframes", "noscript", "object", "script",   "select",
     "svg",    "template", "textarea", "title",    "video",  "xml"});
static_assert(std::ranges::is_sorted(dropped_elements));

constexpr auto void_elements = std::to_array<std::string_view>({"br", "col", "hr", "img", "wbr"});

constexpr auto kept_attributes = std::to_array<std::string_view>(
    {"abbr",   "align",   "alt",      "bgcolor", "border", "cellpadding", "cellspacing", "class",
     "color",  "colspan", "datetime", "dir",     "face",   "height",      "hspace",      "lang",
     "nowrap", "rowspan", "scope",    "size",    "span",   "start",       "style",       "summary",
     "title",  "type",    "valign",   "value",   "vspace", "width"});
static_assert(std::ranges::is_sorted(kept_attributes));

std::string_view view(const xmlChar* text) {
    // The parser's characters are unsigned; ours are not.
    return text == nullptr ? std::string_view{}
                           : std::string_view(reinterpret_cast<const char*>(text));
}

std::string lower(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return out;
}

bool is_picture(std::string_view url) {
    constexpr std::array prefixes{std::string_view("data:image/png;base64,"),
                                  std::string_view("data:image/jpeg;base64,"),
                                  std::string_view("data:image/gif;base64,"),
                                  std::string_view("data:image/webp;base64,")};
    return std::ranges::any_of(prefixes, [&](auto prefix) { return url.starts_with(prefix); });
}

/// Receives the parser's events and writes what is kept.
class Writer {
  public:
    explicit Writer(const SafeHtmlOptions& options) : options_(options) {}

    void start(std::string_view raw_name, const xmlChar** attributes) {
        const auto name = lower(raw_name);
        ++depth_;
        if (dropped_since_ != 0 || full()) {
            return;
        }
        if (contains(dropped_elements, name)) {
            dropped_since_ = depth_;
            return;
        }
        if (name == "style") {
            in_style_ = true;
            style_.clear();
            return;
        }
        const auto written = contains(block_elements, name) ? std::string("div") : name;
        if (!contains(kept_elements, written) || open_.size() >= options_.max_depth) {
            return;
        }
        out_.html += '<';
        out_.html += written;
        std::string host;
        write_attributes(written, attributes, host);
        out_.html += '>';
        if (!contains(void_elements, written)) {
            open_.push_back({.name = written, .depth = depth_, .host = std::move(host)});
        }
    }

    void end(std::string_view raw_name) {
        if (in_style_ && lower(raw_name) == "style") {
            end_style();
        }
        if (!open_.empty() && open_.back().depth == depth_) {
            close();
        }
        if (dropped_since_ == depth_) {
            dropped_since_ = 0;
        }
        --depth_;
    }

    void text(std::string_view text) {
        if (in_style_) {
            style_ += text.substr(0, max_style - std::min(max_style, style_.size()));
        } else if (dropped_since_ == 0 && !full()) {
            out_.html += escape_html(text);
        }
    }

    SafeHtml finish() {
        while (!open_.empty()) {
            close();
        }
        return std::move(out_);
    }

  private:
    struct Open {
        std::string name;
        std::size_t depth;
        std::string host;  ///< Of a link: shown behind it.
    };

    static constexpr std::size_t max_style = std::size_t{256} << 10;

    bool full() {
        out_.cut = out_.cut || out_.html.size() > options_.max_output;
        return out_.cut;
    }

    void end_style() {
        in_style_ = false;
        // "<" could end the element in another parser's eyes, and no style sheet needs it.
        if (dropped_since_ == 0 && style_.find('<') == std::string::npos) {
            out_.html += "<style>" + style_ + "</style>";
        }
    }

    void close() {
        const auto& open = open_.back();
        out_.html += "</" + open.name + ">";
        if (!open.host.empty()) {
            // The mail's own style sheet must not hide it: !important in the attribute wins over any sheet.
            out_.html +=
                "<span style=\"all:revert!important;font:12px "
                "sans-serif!important;color:#555!important;"
                "background:#eee!important;padding:0 4px!important\"> " +
                escape_html(open.host) + " </span>";
        }
        open_.pop_back();
    }

    void add(std::string_view name, std::string_view value) {
        out_.html += ' ';
        out_.html += name;
        out_.html += "=\"";
        out_.html += escape_html(value);
        out_.html += '"';
    }

    void add_link(std::string_view href, std::string& host) {
        if (auto link = read_link(href)) {
            add("href", link->url);
            add("target", "_blank");
            add("rel", "noopener noreferrer nofollow");
            host = std::move(link->host);
        }
    }

    void add_picture(std::string_view source) {
        if (lower(source.substr(0, 4)) == "cid:" && options_.picture) {
            if (const auto url = options_.picture(source.substr(4)); is_picture(url)) {
                add("src", url);
            }
        } else if (is_picture(source)) {
            add("src", source);
        } else {
            ++out_.outside;
        }
    }

    void write_attributes(std::string_view element, const xmlChar** attributes, std::string& host) {
        for (; attributes != nullptr && *attributes != nullptr; attributes += 2) {
            const auto name = lower(view(attributes[0]));
            const auto value = view(attributes[1]);
            if (element == "a" && name == "href") {
                add_link(value, host);
            } else if (element == "img" && name == "src") {
                add_picture(value);
            } else if (contains(kept_attributes, name)) {
                add(name, value);
            }
        }
    }

    const SafeHtmlOptions& options_;
    SafeHtml out_;
    std::vector<Open> open_;
    std::size_t depth_ = 0;
    std::size_t dropped_since_ =
        0;  ///< Depth of the element that is dropped with all it holds; 0: none.
    bool in_style_ = false;
    std::string style_;
};

Writer& writer(void* context) {
    return *static_cast<Writer*>(context);
}

htmlSAXHandler make_handler() {
    htmlSAXHandler handler{};
    handler.startElement = [](void* context, const xmlChar* name, const xmlChar** attributes) {
        writer(context).start(view(name), attributes);
    };
    handler.endElement = [](void* context, const xmlChar* name) {
        writer(context).end(view(name));
    };
    const auto text = [](void* context, const xmlChar* bytes, int length) {
        writer(context).text(
            {reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(length)});
    };
    handler.characters = text;
    handler.cdataBlock = text;
    handler.ignorableWhitespace = text;
    return handler;
}

struct FreeParser {
    void operator()(htmlParserCtxt* parser) const { htmlFreeParserCtxt(parser); }
};

}  // namespace

SafeHtml make_safe_html(std::string_view html, const SafeHtmlOptions& options) {
    Writer out(options);
    auto handler = make_handler();
    const std::unique_ptr<htmlParserCtxt, FreeParser> parser(
        htmlCreatePushParserCtxt(&handler, &out, nullptr, 0, nullptr, XML_CHAR_ENCODING_UTF8));
    if (parser == nullptr) {
        throw std::bad_alloc();
    }
    htmlCtxtUseOptions(parser.get(),
                       HTML_PARSE_RECOVER | HTML_PARSE_NONET | HTML_PARSE_NOERROR |
                           HTML_PARSE_NOWARNING | HTML_PARSE_NODEFDTD);
    // What follows a root element that ended is lost to the parser, so all stands in one of ours.
    constexpr std::string_view root = "<html><body>";
    htmlParseChunk(parser.get(), root.data(), static_cast<int>(root.size()), 0);
    constexpr std::size_t piece = std::size_t{64} << 10;
    for (; !html.empty(); html.remove_prefix(std::min(piece, html.size()))) {
        const auto next = html.substr(0, piece);
        htmlParseChunk(parser.get(), next.data(), static_cast<int>(next.size()), 0);
    }
    htmlParseChunk(parser.get(), nullptr, 0, 1);
    return out.finish();
}

std::string escape_html(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (const char c : text) {
        switch (c) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '"':
                out += "&quot;";
                break;
            case '\'':
                out += "&#39;";
                break;
            default:
                out += c;
        }
    }
    return out;
}

}  // namespace bulla::reader
