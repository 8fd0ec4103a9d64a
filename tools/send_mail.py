#!/usr/bin/python3
"""Send a message through a submission listener on this machine.

send_mail.py --port P --user ADDRESS --password-file FILE --to ADDRESS [--subject TEXT] [--body TEXT]
"""
import argparse
import dataclasses
import email.policy
import pathlib
import smtplib
import ssl
import sys
from email.message import EmailMessage
from email.utils import formatdate, make_msgid


@dataclasses.dataclass
class Letter:
    port: int
    user: str
    password: str
    to: str
    subject: str
    body: str


def send(letter):
    """The server's last word after 250. Raises smtplib.SMTPException with the reply if it refuses."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = letter.user, letter.to, letter.subject
    message["Date"], message["Message-ID"] = formatdate(localtime=True), make_msgid(domain=letter.user.split("@")[1])
    message.set_content(letter.body)
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # On loopback, with a certificate that nobody issued.
    with smtplib.SMTP("127.0.0.1", letter.port, timeout=30) as client:
        client.starttls(context=context)
        client.login(letter.user, letter.password)
        for say in (lambda: client.mail(letter.user), lambda: client.rcpt(letter.to), lambda: client.data(message.as_bytes(policy=email.policy.SMTP))):
            code, reply = say()
            if code != 250:
                raise smtplib.SMTPResponseException(code, reply)
        return reply.decode()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--user", required=True)
    parser.add_argument("--password-file", type=pathlib.Path, required=True)
    parser.add_argument("--to", required=True)
    parser.add_argument("--subject", default="A message")
    parser.add_argument("--body", default="Hello.\n")
    args = parser.parse_args()
    password = args.password_file.read_text().strip()
    print("250", send(Letter(args.port, args.user, password, args.to, args.subject, args.body)))


if __name__ == "__main__":
    try:
        main()
    except (OSError, smtplib.SMTPException) as error:
        sys.exit(f"send_mail: {error}")
