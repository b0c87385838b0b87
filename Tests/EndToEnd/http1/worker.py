"""Runs a share of the rows against a gateway of its own: `python -m http1.worker N OF RESULT`.

The result is a JSON file: failures as text, how many variants ran, and for how long."""

import contextlib
import json
import sys
import tempfile
import time
from pathlib import Path

import yaml
from support.gateway import authentication, environment, route
from support.places import GATEHOUSE, PLUGINS
from support.processes import Program, free_port
from support.tokens import Issuer

from http1 import engine, foreign, requests, responses, rows

# Rows that need another scene than an open route and an upstream that answers.
ELSEWHERE = {
    "RS-61": "the time limit of an upstream's head: the proxy's tests, by a manual clock",
    "RS-68": "a pooled connection that ends: the proxy's tests",
    "RS-69": "a pooled connection that ends: the proxy's tests",
    "UP-06": "needs a token: on the protected port",
    "HB-27": "needs a token: on the protected port",
    "HO-24": "needs a host name: on the port for gw.test",
}


class Upstream(engine.Server):
    pass


@contextlib.contextmanager
def scene(folder, upstream_port):
    """A gateway with three ports to one upstream: open, for a token only, for gw.test only."""
    issuer = Issuer("http://issuer.test", "http://gw.test/mcp")
    policy = authentication(issuer, folder, "http://gw.test/mcp")
    named = route("/", upstream_port)
    named["hostnames"] = ["gw.test"]
    ports = [free_port() for _ in range(3)]
    routes = [route("/", upstream_port), route("/", upstream_port, mcpAuthentication=policy), named]
    binds = [
        {"port": port, "address": "127.0.0.1", "listeners": [{"routes": [each]}]}
        for port, each in zip(ports, routes, strict=True)
    ]
    path = folder / "config.yaml"
    # A head that comes byte by byte on a loaded machine is no slow client here.
    document = {"binds": binds, "accessLog": "off", "timeouts": {"requestHead": "5m"}}
    path.write_text(yaml.safe_dump(document, sort_keys=False))
    command = [GATEHOUSE, "run", "-f", path, "--plugin-dir", PLUGINS, "--threads", 1]
    with Program(command, ports=ports, env=environment()) as program:
        program.open, program.protected, program.named = ports
        program.issuer = issuer
        yield program


def request_jobs(all_rows, gateway, verdicts):
    """Of http1 rows and our own: the open port for all, the protected one for what is refused."""
    for row in all_rows:
        if row["expect"] == "note":
            continue
        port, judged = gateway.open, verdicts["open"]
        if row["id"] == "HO-24" or row.get("needs") == "host gw.test":
            port = gateway.named
        elif row["id"] == "UP-06" or row.get("needs") == "token":
            port = gateway.protected
        elif row["id"] == "HB-27" or row.get("needs") == "good token":
            port = gateway.protected
            token = gateway.issuer.token().encode()
            row = {**row, "raw": row["raw"].replace(b"Bearer TEST", b"Bearer " + token)}
            row["check"]["fwd"]["hasnot"] = row["check"]["fwd"].get("hasnot_by_default", [])
        elif row["id"] in ELSEWHERE:
            continue
        for name, parts in variants(row):
            yield requests.RequestJob(row, name, parts, port, judged)
            if port == gateway.open and (row["expect"] == "reject" or name == "whole"):
                yield requests.RequestJob(
                    row, name, parts, gateway.protected, verdicts["protected"]
                )


def variants(row):
    if row["id"].startswith("EX-") and row.get("steps"):
        row["then"] = [b"hello"]
    if row["id"] == "CN-12":
        row["then"] = [row["raw"].replace(b"GET /1 ", b"GET /2 ")]
    return rows.variants(row["raw"])


def response_jobs(all_rows, port, verdicts):
    for row in all_rows:
        if row["id"] in ELSEWHERE:
            continue
        for name, parts in rows.variants(row["raw"]):
            yield responses.ResponseJob(row, name, parts, port, verdicts)


def named(row, pseudonym):
    """A row that brings the gateway's own name in Via."""
    raw = row["raw"].replace(b"GATEHOUSE-PSEUDONYM", pseudonym.upper())
    return {**row, "raw": raw.replace(b"PSEUDONYM", pseudonym)}


def share(found, number, of):
    return [row for at, row in enumerate(found) if at % of == number]


def main():
    number, of, target = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
    only = sys.argv[4:]
    started = time.monotonic()
    http1 = [*rows.load("http1_cases.jsonl"), *rows.load("own/http1_cases.jsonl")]
    probe, llhttp = rows.load("http11probe_cases.jsonl"), rows.load("llhttp_cases.jsonl")
    sets = {
        "requests": [row for row in http1 if row["dir"] == "request"],
        "responses": [row for row in http1 if row["dir"] == "response"],
        "probe": [foreign.probe(row) for row in probe],
        "llhttp requests": [foreign.llhttp_request(r) for r in llhttp if r["type"] == "request"],
        "llhttp responses": [foreign.llhttp_response(r) for r in llhttp if r["type"] == "response"],
    }
    if only:
        sets = {k: [r for r in v if any(o in r["id"] for o in only)] for k, v in sets.items()}
    report = {"failures": [], "rows": 0, "variants": 0, "outcomes": {}}
    running = engine.Engine()
    server = Upstream(running)
    with (
        tempfile.TemporaryDirectory() as folder,
        scene(Path(folder), server.port) as gateway,
    ):
        running.beat(gateway.open)
        for name, found in sets.items():
            mine = [named(row, server.pseudonym) for row in share(found, number, of)]
            judgement = {"probe": foreign.judge_probe, "llhttp requests": foreign.judge_llhttp}
            if name.endswith("responses"):
                judged = responses.Verdicts(
                    foreign.judge_llhttp_response if "llhttp" in name else responses.judge
                )
                verdicts = [judged]
                jobs = response_jobs(mine, gateway.open, judged)
            else:
                judged = judgement.get(name, requests.judge)
                pair = {
                    "open": requests.Verdicts(judged),
                    "protected": requests.Verdicts(lambda job, result: [], True),
                }
                verdicts = list(pair.values())
                jobs = request_jobs(mine, gateway, pair)
            running.run(jobs, server, gateway.open)
            report["rows"] += len(mine)
            for each in verdicts:
                report["variants"] += each.count
                report["failures"] += [f"{name}: {failure}" for failure in each.failures]
            report["outcomes"][name] = {k: str(v) for k, v in verdicts[0].outcomes.items()}
        report["failures"] += [f"upstream: {violation}" for violation in server.violations]
        if gateway.process.poll() is not None:
            report["failures"].append("the gateway has ended")
    report["seconds"] = time.monotonic() - started
    report["beats"] = running.beats
    target.write_text(json.dumps(report))


if __name__ == "__main__":
    main()
