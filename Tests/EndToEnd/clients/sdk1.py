"""The whole OAuth flow with the `mcp` SDK of the line 1.x, without a person; see report.py."""

import asyncio

import httpx
from browser import Browser
from mcp import ClientSession
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import OAuthClientInformationFull, OAuthClientMetadata
from report import MemoryStorage, arguments, code_of, run


async def main(report):
    wanted = arguments()
    known = None
    if wanted.client_id:
        known = OAuthClientInformationFull(
            client_id=wanted.client_id,
            client_secret=wanted.client_secret,
            redirect_uris=[wanted.redirect_uri],
            token_endpoint_auth_method="client_secret_post" if wanted.client_secret else "none",
        )
    storage = MemoryStorage(known)
    redirects = []

    async def authorize(url):
        report.setdefault("authorizations", []).append(url)
        redirects.append(await asyncio.to_thread(Browser().authorize, url, wanted.redirect_uri))

    async def callback():
        query = code_of(redirects[-1])
        return query["code"], query.get("state")

    metadata = OAuthClientMetadata(
        client_name="end-to-end",
        redirect_uris=[wanted.redirect_uri],
        grant_types=["authorization_code", "refresh_token"],
        response_types=["code"],
    )
    provider = OAuthClientProvider(wanted.url, metadata, storage, authorize, callback)

    async def note(answer):
        report["requests"].append(
            [answer.request.method, str(answer.request.url), answer.status_code]
        )

    async with (
        httpx.AsyncClient(
            auth=provider, timeout=30, follow_redirects=True, event_hooks={"response": [note]}
        ) as http,
        streamable_http_client(wanted.url, http_client=http) as (reader, writer, _),
    ):
        async with ClientSession(reader, writer) as session:
            report["protocol"] = (await session.initialize()).protocolVersion
            report["tools"] = [tool.name for tool in (await session.list_tools()).tools]
            answer = await session.call_tool(wanted.tool, wanted.arguments)
            report["call"] = answer.content[0].text
            if wanted.stream_tool:
                report["progress"] = []

                async def progress(done, total, message):
                    report["progress"].append(done)

                answer = await session.call_tool(
                    wanted.stream_tool, wanted.stream_arguments, progress_callback=progress
                )
                report["stream"] = answer.content[0].text
    report["token"] = storage.tokens.access_token


run(main)
