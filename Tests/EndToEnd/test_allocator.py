"""One malloc in the process: the host, libc and every plugin get memory from the same place, so that
what one of them allocates another may free (docs/adr/0006)."""

import ctypes.util
import re

import pytest
from support.gateway import gateway, route

CALLS = {"malloc", "calloc", "realloc", "free", "posix_memalign"}
#: A line of the dynamic linker: who asked, who answers, for which symbol.
BINDING = re.compile(r"binding file (\S+) \[0\] to (\S+) \[0\]: normal symbol `(\w+)'")
JEMALLOC = "/usr/lib/x86_64-linux-gnu/libjemalloc.so.2"


@pytest.mark.parametrize("preloaded", ["", JEMALLOC], ids=["as built", "jemalloc started with it"])
def test_host_libc_and_plugins_have_one_malloc(tmp_path, upstream, preloaded):
    if preloaded and not ctypes.util.find_library("jemalloc"):
        pytest.skip("libjemalloc2 is not installed")
    env = {"LD_DEBUG": "bindings", "LD_DEBUG_OUTPUT": str(tmp_path / "bindings")}
    if preloaded:
        env["LD_PRELOAD"] = preloaded
    routes = [route("/", upstream.port, cors={"allowOrigins": ["*"]})]
    with gateway(tmp_path, routes, env=env) as running:
        text = (tmp_path / f"bindings.{running.process.pid}").read_text()
    found = [m.groups() for m in BINDING.finditer(text) if m.group(3) in CALLS]
    askers = {asker.rpartition("/")[2] for asker, _, _ in found}
    assert {"gatehouse", "cors.so", "libc.so.6"} <= askers
    answers = {answer for _, answer, _ in found}
    assert len(answers) == 1, answers
    if preloaded:
        assert answers == {preloaded}
