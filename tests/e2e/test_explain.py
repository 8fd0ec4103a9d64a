"""c3_8 (GW-11): what would be done with a message is said without doing it."""
import json

import pytest

from support.instance import Instance
from support.sink import Sink
from support.smtp import make_message


@pytest.fixture
def instance(tmp_path):
    sink = Sink()
    made = Instance(tmp_path / "instance", sink.port)
    made.add_account("alice")
    made.cli("dkim", "add", "example.test", "s1")
    made.archive_all()
    yield made
    made.stop()
    sink.close()


def explain(instance, message, *options):
    done = instance.run("explain", *options, "--json", data=message, check=False)
    assert done.returncode in (0, 1), done.stderr
    return done.returncode, json.loads(done.stdout)


def test_c3_8_explain_shows_every_stage_and_keeps_nothing(instance):
    before = json.loads(instance.run("status", "--json").stdout)
    code, value = explain(instance, make_message("alice@example.test", "bob@example.org"), "--login", "alice@example.test")
    assert code == 0 and value["accepted"], value
    assert [stage["name"] for stage in value["stages"]] == ["receive", "identify", "decide", "sign", "seal", "deliver"]
    assert value["archived"] and "DKIM-Signature:" in value["copies"][0]["added"]
    assert all(stage["text"] for stage in value["stages"])
    after = json.loads(instance.run("status", "--json").stdout)
    assert (after["archived"], after["log_size"], after["queued"]) == (before["archived"], before["log_size"], before["queued"])


@pytest.mark.parametrize(("options", "stage"), [
    (("--login", "alice@example.test", "--from", "eve@example.test"), "envelope"),
    (("--role", "inbound", "--to", "x@elsewhere.test"), "envelope"),
    (("--role", "submission",), "envelope"),
])
def test_c3_8_explain_says_where_a_message_is_refused(instance, options, stage):
    code, value = explain(instance, make_message("alice@example.test", "bob@example.org"), *options)
    assert code == 1 and not value["accepted"]
    assert value["reply"][0] in "45"
    assert [s["name"] for s in value["stages"] if s["outcome"] == "refused"] == [stage]


def test_c3_8_explain_refuses_another_authors_mail_at_identify(instance):
    code, value = explain(instance, make_message("mallory@example.test", "bob@example.org"), "--login", "alice@example.test",
                          "--from", "alice@example.test")
    assert code == 1 and value["reply"].startswith("550 5.7.1")
    assert value["stages"][-1]["name"] == "identify" and value["stages"][-1]["outcome"] == "refused"
