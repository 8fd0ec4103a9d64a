"""A client of the API: one connection, a session or a token."""
import http.client
import json
import ssl


class Answer:
    def __init__(self, response):
        self.status, self.headers, self.body = response.status, response.headers, response.read()

    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        return self.json().get("code") if self.headers.get_content_type() == "application/problem+json" else None


class Console:
    """`instance` is a support.instance.Instance that runs."""

    def __init__(self, instance, tls_port=None, token=None):
        self.port = tls_port or instance.ports["console"]
        self.tls, self.token, self.cookie, self.csrf = bool(tls_port), token, None, None
        self.connect()

    def connect(self):
        if self.tls:
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            self.connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=60, context=context)
        else:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()

    def ask(self, method, path, body=None, headers=None, media_type="application/json"):
        """`path` below /api/v1 unless it begins with another folder of the server's own ("//health" is /health)."""
        fields = dict(headers or {})
        if self.token:
            fields.setdefault("Authorization", f"Bearer {self.token}")
        if self.cookie:
            fields.setdefault("Cookie", self.cookie)
        if self.csrf and method not in ("GET", "HEAD"):
            fields.setdefault("X-Bulla-CSRF", self.csrf)
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        if body is not None:
            fields.setdefault("Content-Type", media_type)
        where = path[1:] if path.startswith("//") else "/api/v1" + path
        self.connection.request(method, where, body, fields)
        return Answer(self.connection.getresponse())

    def get(self, path, **options):
        return self.ask("GET", path, **options)

    def log_in(self, user, password, **more):
        answer = self.ask("POST", "/session", {"user": user, "password": password, **more})
        if answer.status == 201:
            self.cookie, self.csrf = answer.headers["Set-Cookie"].split(";")[0], answer.json()["csrf"]
        return answer
