"""What all tests share: programs that start once, and limits that 1,000 streams need."""

import resource

import pytest
from support.example import start_example
from support.places import ARTEFACTS, HERE, python
from support.processes import Program, free_port
from support.site import Site
from support.upstream import Upstream


def pytest_configure(config):
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 65536), most))


@pytest.fixture(scope="session")
def example(tmp_path_factory):
    """The example with the demo MCP server."""
    running = start_example(tmp_path_factory.mktemp("example"))
    yield running
    running.stop()


@pytest.fixture(scope="session")
def sdk_server():
    """A real MCP server of the SDK; its port."""
    port = free_port()
    with Program([python("mcp2"), HERE / "servers" / "sdk_server.py", port], ports=[port]):
        yield port


@pytest.fixture(scope="session")
def example_with_sdk_server(tmp_path_factory, sdk_server):
    """The example with the SDK's server in the place of the demo's."""
    running = start_example(tmp_path_factory.mktemp("sdk"), sdk_server)
    yield running
    running.stop()


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """Routes in each mode, for the negative tests."""
    running = Site(tmp_path_factory.mktemp("site"))
    yield running
    running.stop()


@pytest.fixture
def upstream():
    server = Upstream()
    yield server
    server.stop()


def pytest_terminal_summary(terminalreporter):
    kept = sorted(ARTEFACTS.glob("*.png")) if ARTEFACTS.is_dir() else []
    if kept:
        terminalreporter.write_line(f"{len(kept)} screenshots in {ARTEFACTS}")
