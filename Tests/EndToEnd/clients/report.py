"""What a client did, as one line of JSON on standard output; shared by the client programs."""

import argparse
import json
import sys
import urllib.parse


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--mode", default="auto", help="auto or legacy (SDK 2 only)")
    parser.add_argument("--tool", required=True)
    parser.add_argument("--arguments", type=json.loads, default={})
    parser.add_argument("--stream-tool", help="a tool that reports progress")
    parser.add_argument("--stream-arguments", type=json.loads, default={})
    parser.add_argument("--client-id")
    parser.add_argument("--client-secret")
    parser.add_argument("--store", help="a folder that keeps the registration (fastmcp only)")
    parser.add_argument("--redirect-uri", default="http://127.0.0.1:3030/callback")
    return parser.parse_args()


class MemoryStorage:
    """The token storage of both SDK lines."""

    def __init__(self, client=None):
        self.tokens, self.client = None, client

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens):
        self.tokens = tokens

    async def get_client_info(self):
        return self.client

    async def set_client_info(self, client):
        self.client = client


def code_of(url):
    """code, state and iss of the redirect that ended the authorization."""
    query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query))
    if "code" not in query:
        raise RuntimeError(f"authorization failed: {query}")
    return query


def leaves(error):
    if isinstance(error, BaseExceptionGroup):
        return [leaf for one in error.exceptions for leaf in leaves(one)]
    return [error]


def run(main):
    """Runs the coroutine `main(report)` and prints the report; 1 where it failed."""
    import asyncio
    import logging

    logging.disable(logging.CRITICAL)
    report = {"requests": []}
    try:
        asyncio.run(main(report))
    except BaseException as error:  # noqa: BLE001  (reported, then told by the exit status)
        report["error"] = [f"{type(e).__name__}: {e}"[:500] for e in leaves(error)]
    print(json.dumps(report))
    sys.exit(1 if "error" in report else 0)
