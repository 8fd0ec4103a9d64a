// libraries: opendkim
// libopendkim in the same process, fed as the opendkim milter feeds it: each header field, end of header, body in blocks, end of message.
// Keys and messages as bench_dkim has them.
#include <sys/types.h>

// The header is C: its _Bool is our bool.
#define _Bool bool  // NOLINT

#include "loop.h"

#include <algorithm>
#include <opendkim/dkim.h>
#include <string>
#include <vector>

namespace {

/// What the look-up answers: libopendkim passes it nothing of ours.
std::string& key_record() {
    static std::string record;
    return record;
}

unsigned char* octets(std::string& text) {
    return reinterpret_cast<unsigned char*>(text.data());
}

DKIM_STAT look_up(DKIM* /*dkim*/,
                  DKIM_SIGINFO* /*signature*/,
                  unsigned char* buffer,
                  std::size_t size) {
    (void)std::snprintf(reinterpret_cast<char*>(buffer), size, "%s", key_record().c_str());
    return DKIM_STAT_OK;
}

struct Mail {
    std::string bytes;
    std::vector<std::pair<std::size_t, std::size_t>> fields;
    std::size_t body = 0;

    explicit Mail(std::string all) : bytes(std::move(all)) {
        for (std::size_t begin = 0, at = 0;;) {
            at = bytes.find("\r\n", at);
            const char next = bytes[at + 2];
            if (at == begin) {
                body = at + 2;
                return;
            }
            at += 2;
            if (next != ' ' && next != '\t') {
                fields.emplace_back(begin, at - 2 - begin);
                begin = at;
            }
        }
    }
};

constexpr std::size_t block = 65535;

void feed(DKIM* dkim, Mail& mail, std::string* signature) {
    for (const auto& [begin, size] : mail.fields) {
        check(dkim_header(dkim, octets(mail.bytes) + begin, size) == DKIM_STAT_OK, "header");
    }
    if (signature != nullptr) {
        check(dkim_header(dkim, octets(*signature), signature->size()) == DKIM_STAT_OK,
              "signature");
    }
    check(dkim_eoh(dkim) == DKIM_STAT_OK, "eoh");
    for (std::size_t at = mail.body; at < mail.bytes.size(); at += block) {
        check(dkim_body(dkim, octets(mail.bytes) + at, std::min(block, mail.bytes.size() - at)) ==
                  DKIM_STAT_OK,
              "body");
    }
    bool test_key = false;
    check(dkim_eom(dkim, &test_key) == DKIM_STAT_OK, "eom");
}

struct Peer {
    DKIM_LIB* library = dkim_init(nullptr, nullptr);
    std::string pem{};
    dkim_alg_t algorithm = DKIM_SIGN_RSASHA256;

    std::string sign(Mail& mail) {
        std::string id = "x";
        std::string selector = "sel";
        std::string domain = "example.com";
        DKIM_STAT status = DKIM_STAT_OK;
        DKIM* dkim = dkim_sign(library,
                               octets(id),
                               nullptr,
                               octets(pem),
                               octets(selector),
                               octets(domain),
                               DKIM_CANON_RELAXED,
                               DKIM_CANON_RELAXED,
                               algorithm,
                               -1,
                               &status);
        check(dkim != nullptr, "dkim_sign");
        feed(dkim, mail, nullptr);
        unsigned char* field = nullptr;
        std::size_t size = 0;
        check(dkim_getsighdr_d(dkim, 16, &field, &size) == DKIM_STAT_OK, "dkim_getsighdr_d");
        std::string out = "DKIM-Signature: " + std::string(reinterpret_cast<char*>(field), size);
        dkim_free(dkim);
        return out;
    }

    void verify(Mail& mail, std::string& signature) const {
        std::string id = "x";
        DKIM_STAT status = DKIM_STAT_OK;
        DKIM* dkim = dkim_verify(library, octets(id), nullptr, &status);
        check(dkim != nullptr, "dkim_verify");
        feed(dkim, mail, &signature);
        DKIM_SIGINFO* info = dkim_getsignature(dkim);
        check(info != nullptr && (dkim_sig_getflags(info) & DKIM_SIGFLAG_PASSED) != 0 &&
                  dkim_sig_getbh(info) == DKIM_SIGBH_MATCH,
              "pass");
        dkim_free(dkim);
    }
};

}  // namespace

int main() {
    Peer peer;
    check(dkim_set_key_lookup(peer.library, look_up) == DKIM_STAT_OK, "look-up");
    for (const std::string name : {"rsa2048", "ed25519"}) {
        peer.pem = read_file("keys/" + name + ".pem");
        key_record() = read_file("keys/" + name + ".txt");
        peer.algorithm = name == "ed25519" ? DKIM_SIGN_ED25519SHA256 : DKIM_SIGN_RSASHA256;
        for (const std::string size : {"4k", "50k", "1m"}) {
            Mail mail(read_file("data/" + size + ".eml"));
            measure(figure("sign", name, size), [&] { check(!peer.sign(mail).empty(), "sign"); });
            std::string signature = peer.sign(mail);
            measure(figure("verify", name, size), [&] { peer.verify(mail, signature); });
        }
    }
    dkim_close(peer.library);
    return 0;
}
