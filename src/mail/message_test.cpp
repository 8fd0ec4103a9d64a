#include "mail/message.h"

#include "mail/build.h"

#include <gtest/gtest.h>

namespace bulla::mail {
namespace {

std::string names(const Message& message) {
    std::string out;
    for (const FieldSpan& span : message.fields()) {
        out.append(message.name(span)).append("|");
    }
    return out;
}

TEST(Message, rfc5322_2_2_fields_header_and_body) {
    const auto message =
        Message::parse("From: a@example.com\r\nSubject:  x\r\n\ty \r\nX-Old \t: z\r\n\r\nbody\r\n")
            .value();
    EXPECT_EQ(names(message), "From|Subject|X-Old|");
    EXPECT_EQ(message.first("SUBJECT"), "x\ty");
    EXPECT_EQ(message.value(message.fields()[1]), "  x\r\n\ty ");
    EXPECT_EQ(message.field(message.fields()[2]), "X-Old \t: z\r\n");
    EXPECT_EQ(message.header(), "From: a@example.com\r\nSubject:  x\r\n\ty \r\nX-Old \t: z\r\n");
    EXPECT_EQ(message.body(), "body\r\n");
    EXPECT_EQ(message.first("To"), "");
    EXPECT_EQ(message.count("from"), 1U);
}

struct EdgeCase {
    const char* name;
    const char* text;
    const char* names;
    const char* body;
};

TEST(Message, where_the_header_ends) {
    const EdgeCase cases[] = {
        {"nothing", "", "", ""},
        {"no header", "\r\nbody", "", "body"},
        {"no body", "A: b\r\n", "A|", ""},
        {"no line end", "A: b", "A|", ""},
        {"a line that is no field", "A: b\r\nno field\r\nC: d\r\n", "A|", "no field\r\nC: d\r\n"},
        {"mbox line",
         "From me Mon Jan 1 00:00:00\r\nA: b\r\n",
         "",
         "From me Mon Jan 1 00:00:00\r\nA: b\r\n"},
        {"continuation at the start", " A: b\r\n\r\nx", "", " A: b\r\n\r\nx"},
        {"empty name", ": b\r\n\r\nx", "", ": b\r\n\r\nx"},
        {"bare LF is no line end", "A: b\nC: d\r\n\r\nx", "A|", "x"},
        {"bare LF does not end the header", "A: b\r\n\nx\r\n", "A|", "\nx\r\n"},
        {"white space line folds", "A: b\r\n \r\nC: d\r\n\r\nx", "A|C|", "x"},
        {"8-bit name", "\xC3\xA4: b\r\n\r\nx", "", "\xC3\xA4: b\r\n\r\nx"},
    };
    for (const EdgeCase& one : cases) {
        const auto message = Message::parse(std::string(one.text)).value();
        EXPECT_EQ(names(message), one.names) << one.name;
        EXPECT_EQ(message.body(), one.body) << one.name;
    }
}

TEST(Message, limits_at_the_limit_and_one_past_it) {
    const MessageLimits limits{.max_header_bytes = 14, .max_fields = 2};
    EXPECT_TRUE(Message::parse("A: 12\r\nB: 34\r\n\r\nbody", limits).has_value());
    EXPECT_EQ(Message::parse("A: 12\r\nB: 345\r\n\r\nbody", limits).error().code,
              "message.header_too_long");
    EXPECT_EQ(Message::parse("A:\r\nB:\r\nC:\r\n\r\n", limits).error().code,
              "message.too_many_fields");
}

TEST(Build, c2_5_no_second_field_gets_in) {
    EXPECT_EQ(make_field("Subject", "x").value(), "Subject: x\r\n");
    for (const std::string_view bad : {"a\r\nB: c", "a\nb", "a\rb", "a\x01"}) {
        EXPECT_EQ(make_field("Subject", bad).error().code, "build.bad_value");
    }
    EXPECT_EQ(make_field("Subject", std::string_view("a\0b", 3)).error().code, "build.bad_value");
    for (const std::string_view bad : {"", "a b", "a:", "a\r\n", "\xC3\xA4"}) {
        EXPECT_EQ(make_field(bad, "x").error().code, "build.bad_name");
    }
    EXPECT_EQ(make_text_field("Subject", "a\r\nB: c").value(), "Subject: a  B: c\r\n");
}

TEST(Build, rfc5322_2_1_1_long_values_are_folded) {
    std::string value;
    for (int i = 0; i < 60; ++i) {
        value += "word ";
    }
    const std::string field = make_field("X-Long", value + "end").value();
    for (std::size_t begin = 0, end = 0; (end = field.find("\r\n", begin)) != std::string::npos;
         begin = end + 2) {
        EXPECT_LE(end - begin, 78U);
    }
    EXPECT_EQ(unfold(field.substr(7)), value + "end");
    EXPECT_EQ(make_field("X", std::string(999, 'a')).error().code, "build.bad_value");
}

TEST(Build, text_message_reads_back) {
    const TextMessage content{.from = "a@example.com",
                              .to = {"b@example.org"},
                              .subject = "Grüße",
                              .date = from_unix(0),
                              .message_id = "<1@x>",
                              .more = {},
                              .text = "Zeile ä\nzwei\n"};
    const auto message = Message::parse(make_text_message(content).value()).value();
    EXPECT_EQ(
        names(message),
        "Date|From|To|Subject|Message-ID|MIME-Version|Content-Type|Content-Transfer-Encoding|");
    EXPECT_EQ(message.first("Subject"), "=?UTF-8?B?R3LDvMOfZQ==?=");
    EXPECT_EQ(message.body(), "Zeile =C3=A4\r\nzwei\r\n");
    EXPECT_EQ(with_crlf("a\rb\nc\r\nd"), "a\r\nb\r\nc\r\nd");
}

}  // namespace
}  // namespace bulla::mail
