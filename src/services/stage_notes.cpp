#include "services/stage_notes.h"

#include <algorithm>
#include <array>

namespace bulla::services {
namespace {

struct StageNote {
    std::string_view stage;
    std::string_view text;
    std::string_view document;  ///< Empty: no standard speaks of it.
    std::string_view section;
    std::string_view quote;
};

constexpr std::array notes{
    StageNote{.stage = "envelope",
              .text = "Sender and recipients are judged before the message is asked for.",
              .document = "RFC 5321",
              .section = "3.3",
              .quote = "If the recipient is known not to be a deliverable address, the SMTP server "
                       "returns a 550 reply, typically with a string such as \"no such user - \" "
                       "and the mailbox name (other circumstances and reply codes are possible)."},
    StageNote{.stage = "receive",
              .text = "The whole message has come in, with its envelope.",
              .document = "RFC 5321",
              .section = "4.1.1.4",
              .quote = "Receipt of the end of mail data indication requires the server to process "
                       "the stored mail transaction "
                       "information."},
    StageNote{.stage = "identify",
              .text = "Who sends this, and may they use this sender?",
              .document = "RFC 6409",
              .section = "6.1",
              .quote = "The MSA MAY issue an error response to a MAIL command if the address in "
                       "MAIL FROM appears to have insufficient "
                       "submission rights or is not authorized with the authentication used (if "
                       "the session has been authenticated)."},
    StageNote{.stage = "decide",
              .text = "Which groups archive it, who signs it for the archive, and in which form "
                      "each recipient gets it.",
              .document = {},
              .section = {},
              .quote = {}},
    StageNote{.stage = "sign",
              .text = "Header lines are put before it, the DKIM signature last; then the signature "
                      "is checked on the bytes that leave.",
              .document = "RFC 6376",
              .section = "Abstract",
              .quote =
                  "DomainKeys Identified Mail (DKIM) permits a person, role, or organization that "
                  "owns the signing domain to claim "
                  "some responsibility for a message by associating the domain with the message."},
    StageNote{
        .stage = "seal",
        .text =
            "Message, signatures and deliveries are on stable storage, and its leaf is in the log.",
        .document = "RFC 9162",
        .section = "2.1.3.1",
        .quote = "A Merkle inclusion proof for a leaf in a Merkle Tree is the shortest list of "
                 "additional nodes in the Merkle Tree "
                 "required to compute the Merkle Tree Hash for that tree."},
    StageNote{.stage = "deliver",
              .text = "It is handed to the next host for each recipient, again and again until "
                      "that host takes it or its time is over.",
              .document = "RFC 5321",
              .section = "6.1",
              .quote = "When the receiver-SMTP accepts a piece of mail (by sending a \"250 OK\" "
                       "message in response to DATA), it is "
                       "accepting responsibility for delivering or relaying the message."},
};

}  // namespace

void add_stage_notes(nlohmann::json& stage) {
    const auto name = stage.value("name", "");
    const auto note = std::ranges::find(notes, name, &StageNote::stage);
    if (note == notes.end()) {
        return;
    }
    stage["text"] = note->text;
    stage["rfc"] = nlohmann::json::array();
    if (!note->document.empty()) {
        const std::string number(note->document.substr(4));
        const std::string anchor =
            note->section == "Abstract" ? "#abstract" : "#section-" + std::string(note->section);
        stage["rfc"].push_back({{"document", note->document},
                                {"section", note->section},
                                {"text", note->quote},
                                {"url", "https://www.rfc-editor.org/rfc/rfc" + number + anchor}});
    }
}

}  // namespace bulla::services
