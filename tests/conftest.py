"""Fixtures of all tests that start the program: see README.md."""
import pathlib
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from support.instance import Instance, program  # noqa: E402
from support.postfix import Postfix  # noqa: E402
from support.sink import Sink  # noqa: E402


def pytest_configure(config):
    config.addinivalue_line("markers", "asan: is run against the sanitized program too")


@pytest.fixture(scope="session")
def bulla():
    return program()


@pytest.fixture
def make_sink():
    """Makes next hops; all are closed at the end."""
    sinks = []

    def make(**options):
        sinks.append(Sink(**options))
        return sinks[-1]

    yield make
    for sink in sinks:
        sink.close()


@pytest.fixture
def sink(make_sink):
    return make_sink()


@pytest.fixture
def make_instance(tmp_path):
    """Makes instances; each that still runs at the end must stop by SIGTERM with status 0 and no sanitizer's report."""
    instances = []

    def make(sink=None, config=None, name=None, folder=None):
        where = folder or tmp_path / (name or f"instance{len(instances)}")
        instances.append(Instance(where, sink.port if sink else None, config))
        return instances[-1]

    yield make
    for instance in instances:
        instance.stop()


@pytest.fixture
def instance(make_instance, sink):
    """A started instance that trusts loopback at its relay listener; mail for others goes to `sink`."""
    made = make_instance(sink)
    made.trust_loopback()
    return made.start()


@pytest.fixture
def make_postfix(tmp_path):
    """Makes private Postfix servers; all are stopped at the end."""
    servers = []

    def make(**options):
        servers.append(Postfix(tmp_path / f"postfix{len(servers)}", **options))
        return servers[-1].start()

    yield make
    for server in servers:
        server.stop()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """(certificate, key) of a made-up next hop."""
    folder = tmp_path_factory.mktemp("certificate")
    files = folder / "cert.pem", folder / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                    "/CN=sink.example", "-out", files[0], "-keyout", files[1]], check=True, capture_output=True)
    return tuple(map(str, files))
